import type { Worker } from '../api/types.ts';
import type { Column } from '../ui/column.ts';
import { DataTable } from '../ui/DataTable.tsx';
import { RelativeTime } from '../ui/RelativeTime.tsx';
import styles from './GoneWorkers.module.css';
import { offered } from './worker.model.ts';

export const GONE_COLUMNS: Column<Worker>[] = [
  { key: 'name', header: 'Worker', rowHeader: true, cell: ({ name }) => name },
  { key: 'process', header: 'Process', align: 'right', cell: ({ pid }) => pid },
  { key: 'version', header: 'Version', cell: ({ version }) => version },
  { key: 'offered', header: 'Offered', cell: offered },
  {
    key: 'seen',
    header: 'Last heard from',
    align: 'right',
    cell: ({ last_seen_at }) => <RelativeTime instant={last_seen_at} />,
  },
];

/** Workers that are no longer here. Each start of a worker counts as another worker. */
export function GoneWorkers({ workers }: { workers: Worker[] }) {
  if (workers.length === 0) return null;
  return (
    <details className={styles.gone}>
      <summary>{workers.length === 1 ? '1 worker is gone' : `${workers.length} workers are gone`}</summary>
      <DataTable
        label="Workers that are gone, scrolls"
        className={styles.frame}
        caption="Newest first. A worker that is started again is another one."
        columns={GONE_COLUMNS}
        rows={workers}
        rowKey={({ id }) => id}
      />
    </details>
  );
}
