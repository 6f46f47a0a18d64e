import type { Worker } from '../api/types.ts';
import type { Column } from '../ui/column.ts';
import { DataTable } from '../ui/DataTable.tsx';
import { RelativeTime } from '../ui/RelativeTime.tsx';
import styles from './GoneWorkers.module.css';
import { offered, tokenTrouble } from './worker.model.ts';

export const GONE_COLUMNS: Column<Worker>[] = [
  { key: 'name', header: 'Worker', rowHeader: true, cell: ({ name }) => name },
  { key: 'process', header: 'Process', align: 'right', cell: ({ pid }) => pid },
  { key: 'version', header: 'Version', cell: ({ version }) => version },
  { key: 'offered', header: 'Offered', cell: offered },
  { key: 'token', header: 'Token', cell: (worker) => tokenTrouble(worker) ?? '' },
  {
    key: 'seen',
    header: 'Last heard from',
    align: 'right',
    cell: ({ last_seen_at }) => <RelativeTime instant={last_seen_at} />,
  },
];

interface Props {
  workers: Worker[];
  /** More workers are not loaded yet, and some of those may be gone too. */
  partial?: boolean;
}

/** Workers that are gone. Each start of a worker counts as a new worker. */
export function GoneWorkers({ workers, partial = false }: Props) {
  if (workers.length === 0) return null;
  return (
    <details className={styles.gone}>
      <summary>{told(workers.length, partial)}</summary>
      <DataTable
        label="Workers that are gone, scrolls"
        className={styles.frame}
        caption="Newest first. A restarted worker is listed as a new one."
        columns={GONE_COLUMNS}
        rows={workers}
        rowKey={({ id }) => id}
      />
    </details>
  );
}

function told(gone: number, partial: boolean): string {
  const verb = gone === 1 ? 'is' : 'are';
  if (partial) return `${gone} of the workers shown ${verb} gone`;
  return `${gone} ${gone === 1 ? 'worker' : 'workers'} ${verb} gone`;
}
