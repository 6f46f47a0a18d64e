/** The order of a table's rows. */
import type { Scalar } from '../api/types.ts';
import type { Column } from './column.ts';

export interface Order {
  /** Key of a column. */
  column: string;
  descending: boolean;
}

const TEXTS = new Intl.Collator('en', { numeric: true });

/** Numbers come before texts; each in its natural order. */
export function compareScalars(a: Scalar, b: Scalar): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'number') return -1;
  if (typeof b === 'number') return 1;
  return TEXTS.compare(String(a), String(b));
}

/**
 * The rows in that order. Rows with equal values keep their places, and rows without a value come last in both
 * directions. An order by a column that the table lacks changes nothing.
 */
export function sortRows<Row>(rows: Row[], columns: Column<Row>[], order: Order): Row[] {
  const sortValue = columns.find(({ key }) => key === order.column)?.sortValue;
  if (sortValue === undefined) return rows;
  const sign = order.descending ? -1 : 1;
  const compare = (a: Scalar | undefined, b: Scalar | undefined) => {
    if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
    return sign * compareScalars(a, b);
  };
  return rows
    .map((row) => ({ row, value: sortValue(row) }))
    .sort((a, b) => compare(a.value, b.value))
    .map(({ row }) => row);
}
