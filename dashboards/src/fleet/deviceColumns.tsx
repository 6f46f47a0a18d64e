/** The columns of devices: those that every device has, and what NVML shows of a GPU. */
import { Link } from '@tanstack/react-router';
import { api } from '../api/client.ts';
import { ABSENT } from '../lib/number.ts';
import { StateBadge } from '../ui/Badge.tsx';
import { Button } from '../ui/Button.tsx';
import type { Column } from '../ui/column.ts';
import { Meter } from '../ui/Meter.tsx';
import { RelativeTime } from '../ui/RelativeTime.tsx';
import table from '../ui/Table.module.css';
import type { DeviceRow, GpuRow, Share } from './device.model.ts';
import { useControl } from './useControl.ts';
import styles from './WorkerPanel.module.css';

/** What the device is, its state, and the run on it. `refusal` is the id of the element that says why this user controls nothing. */
export function deviceColumns(kind: 'GPU' | 'CPU slot', refusal: string | undefined): Column<DeviceRow>[] {
  return [
    { key: 'device', header: kind, rowHeader: true, cell: (row) => <Name row={row} /> },
    { key: 'state', header: 'State', cell: (row) => <State row={row} refusal={refusal} /> },
    { key: 'run', header: 'Run', cell: ({ run }) => (run ? <HeldBy run={run} /> : ABSENT) },
  ];
}

export const GPU_COLUMNS: Column<DeviceRow>[] = [
  { key: 'memory', header: 'Memory', cell: ({ gpu }) => <Memory gpu={gpu} /> },
  { key: 'load', header: 'Load', cell: ({ gpu }) => bar(gpu?.load) },
  {
    key: 'temperature',
    header: 'Temperature',
    align: 'right',
    cell: ({ gpu }) => marked(gpu, gpu?.temperature),
  },
  { key: 'power', header: 'Power', align: 'right', cell: ({ gpu }) => marked(gpu, gpu?.power) },
  { key: 'faults', header: 'Faults', cell: ({ gpu }) => <Faults gpu={gpu} /> },
];

function Name({ row: { name, uuid } }: { row: DeviceRow }) {
  return (
    <span className={styles.device}>
      {name}
      <span className={`${table.mono} ${styles.uuid}`}>{uuid}</span>
    </span>
  );
}

function State({ row, refusal }: { row: DeviceRow; refusal: string | undefined }) {
  return (
    <span className={styles.state}>
      <StateBadge label={row.label} tone={row.tone} />
      {row.why && <span className={styles.why}>{row.why}</span>}
      {row.quarantined && <Release uuid={row.uuid} refusal={refusal} />}
    </span>
  );
}

function HeldBy({ run }: { run: NonNullable<DeviceRow['run']> }) {
  return (
    <Link to="/runs/$runId" params={{ runId: run.id }}>
      {run.text}
    </Link>
  );
}

function Release({ uuid, refusal }: { uuid: string; refusal: string | undefined }) {
  const release = useControl(() => api.release(uuid));
  return (
    <>
      <Button onClick={release.start} busy={release.busy} disabledBy={refusal}>
        Take back into use
      </Button>
      {release.problem && (
        <span role="alert" className={styles.problem}>
          {release.problem}
        </span>
      )}
    </>
  );
}

function Memory({ gpu }: { gpu: GpuRow | undefined }) {
  return (
    <span className={styles.state}>
      {bar(gpu?.memory)}
      {gpu?.processes && <span className={styles.why}>{gpu.processes}</span>}
    </span>
  );
}

function bar(share: Share | undefined) {
  return share === undefined ? ABSENT : <Meter {...share} />;
}

/** The text with a star where it describes the whole GPU and the row is a MIG instance. */
function marked(gpu: GpuRow | undefined, text: string | undefined): string {
  if (text === undefined) return ABSENT;
  return gpu?.instanceOf === undefined ? text : `${text}*`;
}

/** The newest incident and the memory errors. */
function Faults({ gpu }: { gpu: GpuRow | undefined }) {
  if (gpu === undefined || (gpu.errors === undefined && gpu.incident === undefined)) return ABSENT;
  return (
    <span className={styles.state}>
      {gpu.incident && (
        <span className={`${styles.why} ${styles.bad}`}>
          {marked(gpu, gpu.incident.text)}, <RelativeTime instant={gpu.incident.at} focusable />
        </span>
      )}
      {gpu.errors && (
        <span className={gpu.errors.any ? styles.bad : styles.why}>{marked(gpu, gpu.errors.text)}</span>
      )}
    </span>
  );
}
