/** The one wrapper of all charts: figure, caption, view as table, and the states of loading, empty and failed. */
import { CatchBoundary } from '@tanstack/react-router';
import { lazy, Suspense, useState } from 'react';
import { Empty } from '../ui/Panel.tsx';
import { ScrollTable } from '../ui/ScrollTable.tsx';
import tableStyles from '../ui/Table.module.css';
import styles from './Chart.module.css';
import type { ChartModel } from './model.ts';

const Plot = lazy(() => import('./Plot.tsx'));

interface Props {
  title: string;
  model: ChartModel;
  /** The chart of a page that has one. */
  tall?: boolean;
  onOpen?: (id: string) => void;
}

export function Chart({ title, model, tall = false, onOpen }: Props) {
  const [asTable, setAsTable] = useState(false);
  return (
    <figure className={styles.figure} data-tall={tall || undefined}>
      <div className={styles.head}>
        <figcaption>
          <h2>{title}</h2>
          <p className={styles.summary}>{model.summary}</p>
        </figcaption>
        {!model.empty && (
          <button
            type="button"
            className={styles.toggle}
            aria-pressed={asTable}
            onClick={() => setAsTable(!asTable)}
          >
            View as table
          </button>
        )}
      </div>
      {model.empty && <Empty>Nothing to draw yet.</Empty>}
      {!model.empty && asTable && <ValueTable title={title} table={model.table} />}
      {!model.empty && !asTable && (
        <CatchBoundary getResetKey={() => title} errorComponent={Failed}>
          <Suspense fallback={<div className={styles.loading} />}>
            <Plot title={title} model={model} onOpen={onOpen} />
          </Suspense>
        </CatchBoundary>
      )}
    </figure>
  );
}

function Failed() {
  return <Empty>The drawing could not be loaded; its numbers are under “View as table”.</Empty>;
}

function ValueTable({ title, table }: { title: string; table: ChartModel['table'] }) {
  return (
    <ScrollTable label={`${title}, scrolls`} className={styles.values}>
      <table className={tableStyles.table}>
        <caption className="visually-hidden">{title}</caption>
        <thead>
          <tr>
            {table.columns.map((column) => (
              <th key={column} scope="col" className={tableStyles.number}>
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {table.rows.map(({ key, cells }) => (
            <tr key={key}>
              {cells.map((cell, index) => (
                <td key={table.columns[index]} className={tableStyles.number}>
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollTable>
  );
}
