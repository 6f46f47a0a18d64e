import { useMemo } from 'react';
import type { Run, Study } from '../api/types.ts';
import { DataTable } from '../ui/DataTable.tsx';
import { Empty, Panel } from '../ui/Panel.tsx';
import { sortRows } from '../ui/sort.ts';
import { useDrawnRows } from '../ui/useDrawnRows.ts';
import { StateFilter } from './StateFilter.tsx';
import styles from './TrialTable.module.css';
import { trialColumns } from './trialColumns.tsx';
import { countStates, type TrialRow, trialRows } from './trialRows.model.ts';
import { orderOf, sortedBy, type TrialView } from './trialView.ts';

interface Props {
  study: Study;
  runs: Run[];
  view: TrialView;
  onView(view: TrialView): void;
}

export function TrialTable({ study, runs, view, onView }: Props) {
  const all = useMemo(() => trialRows(runs), [runs]);
  const counts = useMemo(() => countStates(all), [all]);
  const chosen = view.state;
  const shown = useMemo(
    () => (chosen === undefined ? all : all.filter((row) => chosen.includes(row.state))),
    [all, chosen],
  );
  return (
    <Panel title="Trials" flush aside={<StateFilter counts={counts} view={view} onView={onView} />}>
      {all.length === 0 && <Empty>No trial has been proposed yet.</Empty>}
      {all.length > 0 && shown.length === 0 && <Empty>No trial is in a chosen state; choose another.</Empty>}
      {shown.length > 0 && <Rows study={study} rows={shown} total={all.length} view={view} onView={onView} />}
    </Panel>
  );
}

interface RowsProps extends Omit<Props, 'runs'> {
  rows: TrialRow[];
  /** Of all states. */
  total: number;
}

function Rows({ study, rows, total, view, onView }: RowsProps) {
  const columns = useMemo(() => trialColumns(study), [study]);
  const sorted = useMemo(() => sortRows(rows, columns, orderOf(view)), [rows, columns, view]);
  const { frame, drawn } = useDrawnRows(sorted.length);
  return (
    <DataTable
      ref={frame}
      label="Trials, scrolls"
      className={styles.frame}
      caption={rows.length === total ? `${total} trials` : `${rows.length} of ${total} trials`}
      columns={columns}
      rows={sorted}
      rowKey={({ id }) => id}
      rowClass={({ id }) => (id === study.best?.run_id ? styles.best : undefined)}
      sorting={{
        order: orderOf(view),
        onSort: ({ key, descendingFirst }) => onView(sortedBy(view, key, descendingFirst ?? false)),
      }}
      drawn={drawn}
    />
  );
}
