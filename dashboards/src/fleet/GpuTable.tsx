import { useMemo } from 'react';
import type { DeviceRecord, Worker } from '../api/types.ts';
import { DataTable } from '../ui/DataTable.tsx';
import { deviceRow } from './device.model.ts';
import { deviceColumns, GPU_COLUMNS } from './deviceColumns.tsx';
import styles from './WorkerPanel.module.css';

interface Props {
  worker: Worker;
  records: DeviceRecord[];
  refusal: string | undefined;
}

/** GPUs and MIG instances, with what NVML shows of each. */
export function GpuTable({ worker, records, refusal }: Props) {
  const columns = useMemo(() => [...deviceColumns('GPU', refusal), ...GPU_COLUMNS], [refusal]);
  const rows = records.map((record) => deviceRow(worker, record));
  const instances = rows.some(({ gpu }) => gpu?.instanceOf !== undefined);
  const star = '. * describes the whole GPU; the row is a MIG instance of it';
  return (
    <DataTable
      label={`GPUs of ${worker.name}, scrolls`}
      className={styles.gpus}
      caption={`GPUs of ${worker.name}${instances ? star : ''}`}
      captionHidden={!instances}
      columns={columns}
      rows={rows}
      rowKey={({ uuid }) => uuid}
    />
  );
}
