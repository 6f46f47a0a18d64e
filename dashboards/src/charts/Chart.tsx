/** The one wrapper of all charts: figure, caption, view as table, and the states of loading, empty and failed. */
import { CatchBoundary } from '@tanstack/react-router';
import { lazy, Suspense, useMemo, useState } from 'react';
import { DataTable } from '../ui/DataTable.tsx';
import { Empty } from '../ui/Panel.tsx';
import styles from './Chart.module.css';
import { type ChartModel, valueColumns } from './model.ts';

const Plot = lazy(() => import('./Plot.tsx'));

interface Props {
  title: string;
  model: ChartModel;
  /** For the only chart of a page. */
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
  const columns = useMemo(() => valueColumns(table.columns), [table.columns]);
  return (
    <DataTable
      label={`${title}, scrolls`}
      className={styles.values}
      caption={title}
      captionHidden
      columns={columns}
      rows={table.rows}
      rowKey={({ key }) => key}
    />
  );
}
