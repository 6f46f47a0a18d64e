import type { DeviceRecord, Worker } from '../api/types.ts';
import { ScrollTable } from '../ui/ScrollTable.tsx';
import table from '../ui/Table.module.css';
import { DeviceCells } from './DeviceCells.tsx';
import { deviceRow } from './device.model.ts';
import styles from './WorkerPanel.module.css';

interface Props {
  worker: Worker;
  records: DeviceRecord[];
  refusal: string | undefined;
}

export function CpuTable({ worker, records, refusal }: Props) {
  return (
    <ScrollTable label={`CPU slots of ${worker.name}, scrolls`} className={styles.cpus}>
      <table className={table.table}>
        <caption className="visually-hidden">CPU slots of {worker.name}</caption>
        <thead>
          <tr>
            <th scope="col">CPU slot</th>
            <th scope="col">State</th>
            <th scope="col">Run</th>
          </tr>
        </thead>
        <tbody>
          {records.map((record) => (
            <tr key={record.device.uuid}>
              <DeviceCells row={deviceRow(worker, record)} refusal={refusal} />
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollTable>
  );
}
