import type { DeviceRecord, Worker } from '../api/types.ts';
import { ABSENT } from '../lib/number.ts';
import { Meter } from '../ui/Meter.tsx';
import { RelativeTime } from '../ui/RelativeTime.tsx';
import { ScrollTable } from '../ui/ScrollTable.tsx';
import table from '../ui/Table.module.css';
import { DeviceCells } from './DeviceCells.tsx';
import { type DeviceRow, deviceRow, type GpuRow, type Share } from './device.model.ts';
import styles from './WorkerPanel.module.css';

interface Props {
  worker: Worker;
  records: DeviceRecord[];
  refusal: string | undefined;
}

/** GPUs and MIG instances, with what NVML shows of each. */
export function GpuTable({ worker, records, refusal }: Props) {
  const rows = records.map((record) => deviceRow(worker, record));
  const instances = rows.some(({ gpu }) => gpu?.instanceOf !== undefined);
  return (
    <ScrollTable label={`GPUs of ${worker.name}, scrolls`} className={styles.gpus}>
      <table className={table.table}>
        <caption className={instances ? undefined : 'visually-hidden'}>
          GPUs of {worker.name}
          {instances && '. * of the whole GPU, of which this is a MIG instance'}
        </caption>
        <thead>
          <tr>
            <th scope="col">GPU</th>
            <th scope="col">State</th>
            <th scope="col">Run</th>
            <th scope="col">Memory</th>
            <th scope="col">Load</th>
            <th scope="col" className={table.number}>
              Temperature
            </th>
            <th scope="col" className={table.number}>
              Power
            </th>
            <th scope="col">Faults</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Gpu key={row.uuid} row={row} refusal={refusal} />
          ))}
        </tbody>
      </table>
    </ScrollTable>
  );
}

function Gpu({ row, refusal }: { row: DeviceRow; refusal: string | undefined }) {
  const { gpu } = row;
  const mark = gpu?.instanceOf === undefined ? '' : '*';
  const whole = (text: string | undefined) => (text === undefined ? ABSENT : text + mark);
  return (
    <tr>
      <DeviceCells row={row} refusal={refusal} />
      <td>
        <span className={styles.state}>
          {bar(gpu?.memory)}
          {gpu?.processes && <span className={styles.why}>{gpu.processes}</span>}
        </span>
      </td>
      <td>{bar(gpu?.load)}</td>
      <td className={table.number}>{whole(gpu?.temperature)}</td>
      <td className={table.number}>{whole(gpu?.power)}</td>
      <td>
        <Faults gpu={gpu} mark={mark} />
      </td>
    </tr>
  );
}

function bar(share: Share | undefined) {
  return share === undefined ? ABSENT : <Meter {...share} />;
}

/** What befell it last, and its memory errors. */
function Faults({ gpu, mark }: { gpu: GpuRow | undefined; mark: string }) {
  if (gpu === undefined || (gpu.errors === undefined && gpu.incident === undefined)) return ABSENT;
  return (
    <span className={styles.state}>
      {gpu.incident && (
        <span className={`${styles.why} ${styles.bad}`}>
          {gpu.incident.text}
          {mark}, <RelativeTime instant={gpu.incident.at} focusable />
        </span>
      )}
      {gpu.errors && (
        <span className={gpu.errors.any ? styles.bad : styles.why}>
          {gpu.errors.text}
          {mark}
        </span>
      )}
    </span>
  );
}
