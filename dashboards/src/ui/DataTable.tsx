/** The only table of the dashboard. A list of columns says what it shows. It must not know where rows come from. */
import type { ReactNode, Ref } from 'react';
import type { Column } from './column.ts';
import { HeaderCell, type Sorting } from './HeaderCell.tsx';
import { Empty } from './Panel.tsx';
import { ScrollTable } from './ScrollTable.tsx';
import { type Rest, ShowMore } from './ShowMore.tsx';
import table from './Table.module.css';

/** Only the rows from `first` up to `end` are drawn; two spacers of these heights, in pixels, replace the others. */
export interface DrawnRows {
  first: number;
  end: number;
  heightAbove: number;
  heightBelow: number;
}

interface Props<Row> extends Partial<Rest> {
  columns: Column<Row>[];
  rows: Row[];
  rowKey(row: Row): string;
  caption: ReactNode;
  /** The caption is only for screen readers. */
  captionHidden?: boolean;
  /** Name of the frame in which the table scrolls; a table without a label has no frame. */
  label?: string;
  /** Class of the frame. */
  className?: string | undefined;
  ref?: Ref<HTMLElement>;
  rowClass?(row: Row): string | undefined;
  /** Shown in place of the table while it has no rows. */
  empty?: ReactNode;
  sorting?: Sorting<Row>;
  /** All rows are drawn when absent. */
  drawn?: DrawnRows;
}

export function DataTable<Row>(props: Props<Row>) {
  const { rows, label, className, ref, empty, total, hasMore = false, onMore, loading = false } = props;
  if (rows.length === 0 && empty !== undefined) return <Empty>{empty}</Empty>;
  return (
    <>
      {label === undefined ? (
        <Table {...props} />
      ) : (
        <ScrollTable ref={ref} label={label} className={className}>
          <Table {...props} />
        </ScrollTable>
      )}
      {onMore && (
        <ShowMore shown={rows.length} total={total} hasMore={hasMore} onMore={onMore} loading={loading} />
      )}
    </>
  );
}

function Table<Row>(props: Props<Row>) {
  const { columns, rows, caption, captionHidden, sorting, drawn, total, hasMore } = props;
  const partial = drawn !== undefined || hasMore === true;
  const rowCount = hasMore ? total : rows.length;
  const widths = columns.some(({ width }) => width !== undefined);
  return (
    <table
      className={drawn ? `${table.table} ${table.fixed}` : table.table}
      aria-rowcount={partial ? (rowCount === undefined ? -1 : rowCount + 1) : undefined}
    >
      <caption className={captionHidden ? 'visually-hidden' : undefined}>{caption}</caption>
      {widths && (
        <colgroup>
          {columns.map(({ key, width }) => (
            <col key={key} style={{ width }} />
          ))}
        </colgroup>
      )}
      <thead>
        <tr aria-rowindex={partial ? 1 : undefined}>
          {columns.map((column) => (
            <HeaderCell key={column.key} column={column} sorting={sorting} />
          ))}
        </tr>
      </thead>
      <Body {...props} partial={partial} />
    </table>
  );
}

function Body<Row>({ columns, rows, rowKey, rowClass, drawn, partial }: Props<Row> & { partial: boolean }) {
  const { first, end, heightAbove, heightBelow } = drawn ?? whole(rows);
  return (
    <tbody>
      <Spacer height={heightAbove} columns={columns.length} />
      {rows.slice(first, end).map((row, at) => (
        <tr
          key={rowKey(row)}
          // The header row is the first.
          aria-rowindex={partial ? first + at + 2 : undefined}
          className={rowClass?.(row)}
        >
          {columns.map((column) => (
            <Cell key={column.key} column={column} row={row} />
          ))}
        </tr>
      ))}
      <Spacer height={heightBelow} columns={columns.length} />
    </tbody>
  );
}

function whole(rows: unknown[]): DrawnRows {
  return { first: 0, end: rows.length, heightAbove: 0, heightBelow: 0 };
}

function Cell<Row>({ column, row }: { column: Column<Row>; row: Row }) {
  const { cell, align, look, title, rowHeader } = column;
  const classes = [align === 'right' && table.right, look && table[look]].filter(Boolean).join(' ');
  const attributes = { className: classes || undefined, title: title?.(row) };
  return rowHeader ? (
    <th scope="row" {...attributes}>
      {cell(row)}
    </th>
  ) : (
    <td {...attributes}>{cell(row)}</td>
  );
}

function Spacer({ height, columns }: { height: number; columns: number }) {
  if (height <= 0) return null;
  return (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: a row takes no focus; this one only keeps the room of rows that are not drawn
    <tr aria-hidden="true" className={table.spacer}>
      <td colSpan={columns} style={{ height }} />
    </tr>
  );
}
