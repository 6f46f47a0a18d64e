/** The columns of a table as plain values. A column knows what it shows of a row. It must not know pages or queries. */
import type { ReactNode } from 'react';
import type { Scalar } from '../api/types.ts';

export interface Column<Row> {
  key: string;
  header: string;
  cell(row: Row): ReactNode;
  /** Numbers and times stand flush right; everything else flush left. */
  align?: 'right';
  /** The cell is the header of its row. Screen readers announce it with the other cells of the row. */
  rowHeader?: boolean;
  look?: 'mono' | 'muted' | 'strong' | 'wrap';
  /** The tooltip of the cell. */
  title?(row: Row): string | undefined;
  /** In pixels. */
  width?: number;
  /** What the column sorts by; undefined sorts last. A column without this function cannot be sorted. */
  sortValue?(row: Row): Scalar | undefined;
  /** The first click on the header sorts in descending order. */
  descendingFirst?: boolean;
}
