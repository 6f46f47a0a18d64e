import type { Column } from './column.ts';
import type { Order } from './sort.ts';
import table from './Table.module.css';

export interface Sorting<Row> {
  order: Order;
  onSort(column: Column<Row>): void;
}

interface Props<Row> {
  column: Column<Row>;
  sorting: Sorting<Row> | undefined;
}

/** The header of a column; a button where the column can be sorted. */
export function HeaderCell<Row>({ column, sorting }: Props<Row>) {
  const align = column.align === 'right' ? table.right : undefined;
  if (sorting === undefined || column.sortValue === undefined) {
    return (
      <th scope="col" className={align}>
        {column.header}
      </th>
    );
  }
  const { order, onSort } = sorting;
  const active = order.column === column.key;
  const direction = order.descending ? 'descending' : 'ascending';
  return (
    <th scope="col" className={align} aria-sort={active ? direction : 'none'}>
      <button type="button" className={table.sort} data-align={column.align} onClick={() => onSort(column)}>
        {column.header}
        <span aria-hidden="true" className={table.arrow}>
          {active ? (order.descending ? '↓' : '↑') : ''}
        </span>
      </button>
    </th>
  );
}
