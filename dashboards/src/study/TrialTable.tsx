import {
  createSortedRowModel,
  rowSortingFeature,
  type SortFn,
  tableFeatures,
  useTable,
} from '@tanstack/react-table';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useMemo, useRef } from 'react';
import type { Run, Scalar, Study } from '../api/types.ts';
import { Empty, Panel } from '../ui/Panel.tsx';
import { ScrollTable } from '../ui/ScrollTable.tsx';
import table from '../ui/Table.module.css';
import { StateFilter } from './StateFilter.tsx';
import styles from './TrialTable.module.css';
import { type TrialColumn, trialColumns } from './trialColumns.tsx';
import { compareScalars, countStates, type TrialRow, trialRows } from './trialRows.model.ts';
import { orderOf, sortedBy, type TrialView } from './trialView.ts';

interface Props {
  study: Study;
  runs: Run[];
  view: TrialView;
  onView(view: TrialView): void;
}

const ROW_HEIGHT = 34;
const features = tableFeatures({ rowSortingFeature, sortedRowModel: createSortedRowModel() });
const byScalar: SortFn<typeof features, TrialRow> = (a, b, id) =>
  compareScalars(a.getValue<Scalar>(id), b.getValue<Scalar>(id));

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
  total: number;
}

function Rows({ study, rows, total, view, onView }: RowsProps) {
  const columns = useMemo(() => trialColumns(study), [study]);
  const sorted = useSorted(columns, rows, view);
  const frame = useRef<HTMLElement>(null);
  const window = useVirtualizer({
    count: sorted.length,
    getScrollElement: () => frame.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 12,
  });
  const items = window.getVirtualItems();
  const above = items[0]?.start ?? 0;
  const below = window.getTotalSize() - (items.at(-1)?.end ?? 0);
  return (
    <ScrollTable ref={frame} label="Trials, scrolls" className={styles.frame}>
      <table className={`${table.table} ${styles.table}`} aria-rowcount={sorted.length + 1}>
        <caption className={styles.caption}>
          {rows.length === total ? `${total} trials` : `${rows.length} of ${total} trials`}
        </caption>
        <colgroup>
          {columns.map((column) => (
            <col key={column.id} style={{ width: column.width }} />
          ))}
        </colgroup>
        <thead>
          <tr aria-rowindex={1}>
            {columns.map((column) => (
              <Header key={column.id} column={column} view={view} onView={onView} />
            ))}
          </tr>
        </thead>
        <tbody>
          <Spacer height={above} columns={columns.length} />
          {items.map(({ index }) => {
            const row = sorted[index];
            return (
              row && <Row key={row.id} row={row} index={index} columns={columns} best={study.best?.run_id} />
            );
          })}
          <Spacer height={below} columns={columns.length} />
        </tbody>
      </table>
    </ScrollTable>
  );
}

function useSorted(columns: TrialColumn[], rows: TrialRow[], view: TrialView): TrialRow[] {
  const definitions = useMemo(
    () =>
      columns.map(({ id, order }) => ({
        id,
        accessorFn: order,
        sortFn: byScalar,
        sortUndefined: 'last' as const,
      })),
    [columns],
  );
  const { column, descending } = orderOf(view);
  const known = columns.some(({ id }) => id === column);
  const sorting = useMemo(
    () => (known ? [{ id: column, desc: descending }] : []),
    [known, column, descending],
  );
  const model = useTable({ features, columns: definitions, data: rows, state: { sorting } });
  return model.getRowModel().rows.map((row) => row.original);
}

function Header({ column, view, onView }: { column: TrialColumn } & Pick<Props, 'view' | 'onView'>) {
  const order = orderOf(view);
  const active = order.column === column.id;
  const direction = order.descending ? 'descending' : 'ascending';
  return (
    <th
      scope="col"
      className={column.numeric ? table.number : undefined}
      aria-sort={active ? direction : 'none'}
    >
      <button
        type="button"
        className={styles.sort}
        data-numeric={column.numeric || undefined}
        onClick={() => onView(sortedBy(view, column.id, column.bestFirst))}
      >
        {column.header}
        <span aria-hidden="true" className={styles.arrow}>
          {active ? (order.descending ? '↓' : '↑') : ''}
        </span>
      </button>
    </th>
  );
}

interface RowProps {
  row: TrialRow;
  index: number;
  columns: TrialColumn[];
  best: string | undefined;
}

function Row({ row, index, columns, best }: RowProps) {
  return (
    <tr aria-rowindex={index + 2} className={row.id === best ? styles.bestRow : undefined}>
      {columns.map((column) => (
        <td key={column.id} className={column.numeric ? table.number : undefined}>
          {column.cell(row)}
          {column.id === 'value' && row.id === best && <span className="visually-hidden"> best</span>}
        </td>
      ))}
    </tr>
  );
}

function Spacer({ height, columns }: { height: number; columns: number }) {
  if (height <= 0) return null;
  return (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: a row takes no focus; this one only keeps the room of rows not drawn
    <tr aria-hidden="true" className={styles.spacer}>
      <td colSpan={columns} style={{ height }} />
    </tr>
  );
}
