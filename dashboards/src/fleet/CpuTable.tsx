import { useMemo } from 'react';
import type { DeviceRecord, Worker } from '../api/types.ts';
import { DataTable } from '../ui/DataTable.tsx';
import { deviceRow } from './device.model.ts';
import { deviceColumns } from './deviceColumns.tsx';
import styles from './WorkerPanel.module.css';

interface Props {
  worker: Worker;
  records: DeviceRecord[];
  refusal: string | undefined;
}

export function CpuTable({ worker, records, refusal }: Props) {
  const columns = useMemo(() => deviceColumns('CPU slot', refusal), [refusal]);
  return (
    <DataTable
      label={`CPU slots of ${worker.name}, scrolls`}
      className={styles.cpus}
      caption={`CPU slots of ${worker.name}`}
      captionHidden
      columns={columns}
      rows={records.map((record) => deviceRow(worker, record))}
      rowKey={({ uuid }) => uuid}
    />
  );
}
