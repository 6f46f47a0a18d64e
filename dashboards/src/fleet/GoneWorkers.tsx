import type { Worker } from '../api/types.ts';
import { RelativeTime } from '../ui/RelativeTime.tsx';
import { ScrollTable } from '../ui/ScrollTable.tsx';
import table from '../ui/Table.module.css';
import styles from './GoneWorkers.module.css';

/** Workers that were here: each start of one is another. */
export function GoneWorkers({ workers }: { workers: Worker[] }) {
  if (workers.length === 0) return null;
  return (
    <details className={styles.gone}>
      <summary>{workers.length === 1 ? '1 worker is gone' : `${workers.length} workers are gone`}</summary>
      <ScrollTable label="Workers that are gone, scrolls" className={styles.frame}>
        <table className={table.table}>
          <caption>Newest first. A worker that is started again is another one.</caption>
          <thead>
            <tr>
              <th scope="col">Worker</th>
              <th scope="col" className={table.number}>
                Process
              </th>
              <th scope="col">Version</th>
              <th scope="col">Offered</th>
              <th scope="col" className={table.number}>
                Last heard of
              </th>
            </tr>
          </thead>
          <tbody>
            {workers.map((worker) => (
              <tr key={worker.id}>
                <th scope="row">{worker.name}</th>
                <td className={table.number}>{worker.pid}</td>
                <td>{worker.version}</td>
                <td>{offered(worker)}</td>
                <td className={table.number}>
                  <RelativeTime instant={worker.last_seen_at} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollTable>
    </details>
  );
}

function offered({ devices }: Worker): string {
  const gpus = devices.filter(({ device }) => device.kind === 'gpu').length;
  const cpus = devices.length - gpus;
  const parts = [
    gpus > 0 && `${gpus} GPU${gpus === 1 ? '' : 's'}`,
    cpus > 0 && `${cpus} CPU slot${cpus === 1 ? '' : 's'}`,
  ];
  return parts.filter(Boolean).join(', ') || 'nothing';
}
