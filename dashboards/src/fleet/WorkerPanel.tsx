import type { Worker } from '../api/types.ts';
import { StateBadge } from '../ui/Badge.tsx';
import { Empty, Panel } from '../ui/Panel.tsx';
import { RelativeTime } from '../ui/RelativeTime.tsx';
import { CpuTable } from './CpuTable.tsx';
import { readAt } from './device.model.ts';
import { GpuTable } from './GpuTable.tsx';
import { WorkerControls } from './WorkerControls.tsx';
import styles from './WorkerPanel.module.css';
import { noteOf, tokenTrouble, WORKER_STATES, workerState } from './worker.model.ts';

/** A worker with its devices. `refusal` is the id of the element that says why this user controls nothing. */
export function WorkerPanel({ worker, refusal }: { worker: Worker; refusal: string | undefined }) {
  const { label, tone } = WORKER_STATES[workerState(worker)];
  const gpus = worker.devices.filter(({ device }) => device.kind === 'gpu');
  const cpus = worker.devices.filter(({ device }) => device.kind === 'cpu');
  const note = noteOf(worker);
  const trouble = tokenTrouble(worker);
  const read = readAt(worker);
  return (
    <Panel
      title={worker.name}
      flush
      aside={
        <div className={styles.aside}>
          <StateBadge label={label} tone={tone} />
          {worker.alive && <WorkerControls worker={worker} refusal={refusal} />}
        </div>
      }
    >
      <p className={styles.about}>
        {note && <span>{note}</span>}
        {trouble && <span>{trouble}</span>}
        <span>
          last heard from: <RelativeTime instant={worker.last_seen_at} pace="second" focusable />
        </span>
        {read && (
          <span>
            GPUs read: <RelativeTime instant={read} pace="second" focusable />
          </span>
        )}
        {worker.available_until && (
          <span>
            available until: <RelativeTime instant={worker.available_until} focusable />
          </span>
        )}
        <span>process {worker.pid}</span>
        <span>version {worker.version}</span>
      </p>
      {worker.devices.length === 0 && <Empty>It offers no device.</Empty>}
      {gpus.length > 0 && <GpuTable worker={worker} records={gpus} refusal={refusal} />}
      {cpus.length > 0 && <CpuTable worker={worker} records={cpus} refusal={refusal} />}
    </Panel>
  );
}
