import { describe, expect, it } from 'vitest';
import { markup } from '../../test/markup.tsx';
import type { Column } from './column.ts';
import { DataTable } from './DataTable.tsx';
import { shownOf } from './ShowMore.tsx';
import { compareScalars, sortRows } from './sort.ts';

interface Row {
  id: string;
  value?: number;
}

const COLUMNS: Column<Row>[] = [
  { key: 'id', header: 'Name', rowHeader: true, cell: ({ id }) => id },
  {
    key: 'value',
    header: 'Value',
    align: 'right',
    cell: ({ value }) => value,
    sortValue: ({ value }) => value,
  },
];
const ROWS: Row[] = [{ id: 'a', value: 2 }, { id: 'b' }, { id: 'c', value: 10 }, { id: 'd', value: 2 }];
const TABLE = { columns: COLUMNS, rows: ROWS, rowKey: ({ id }: Row) => id, caption: 'Rows' };
const PAGED = { ...TABLE, hasMore: true, loading: false, onMore: () => undefined };

const count = (html: string, part: string) => html.split(part).length - 1;

describe('the order of rows', () => {
  const ids = (column: string, descending: boolean) =>
    sortRows(ROWS, COLUMNS, { column, descending }).map(({ id }) => id);

  it('keeps the places of equal rows, and puts rows without a value last in both directions', () => {
    expect(ids('value', false)).toEqual(['a', 'd', 'c', 'b']);
    expect(ids('value', true)).toEqual(['c', 'a', 'd', 'b']);
  });

  it('does not change under a column that is unknown or cannot be sorted', () => {
    expect([ids('id', true), ids('gone', true)]).toEqual(Array(2).fill(['a', 'b', 'c', 'd']));
  });

  it('puts numbers before texts, and sorts texts by the numbers in them', () => {
    expect([16, 8, 'r10', 'r9', 32].sort(compareScalars)).toEqual([8, 16, 32, 'r9', 'r10']);
  });
});

describe('a table', () => {
  it('has a caption, a header for each column and one for each row', () => {
    const html = markup(<DataTable {...TABLE} />);
    expect(html).toContain('<caption>Rows</caption>');
    expect([count(html, '<th scope="col"'), count(html, '<th scope="row"'), count(html, '<td')]).toEqual([
      2, 4, 4,
    ]);
    expect(html).not.toMatch(/aria-row|aria-sort|<section|<button/);
  });

  it('scrolls in a frame that the keyboard reaches and that has a name', () => {
    expect(markup(<DataTable {...TABLE} label="Rows, scrolls" />)).toMatch(
      /^<section[^>]* aria-label="Rows, scrolls" tabindex="0">/,
    );
  });

  it('shows a sentence when it has no rows', () => {
    expect(markup(<DataTable {...TABLE} rows={[]} empty="None yet." />)).toMatch(/^<p[^>]*>None yet\.<\/p>$/);
  });

  it('has sort buttons where a column has a value to sort by, and says the direction', () => {
    const sorting = { order: { column: 'value', descending: true }, onSort: () => undefined };
    const html = markup(<DataTable {...TABLE} sorting={sorting} />);
    expect(count(html, '<button')).toBe(1);
    expect(html).toMatch(/<th scope="col"[^>]* aria-sort="descending"><button[^>]*>Value/);
    const other = markup(
      <DataTable {...TABLE} sorting={{ ...sorting, order: { column: 'id', descending: false } }} />,
    );
    expect(other).toContain('aria-sort="none"');
  });

  it('draws some of its rows, each with its index among all rows', () => {
    const drawn = { first: 1, end: 3, heightAbove: 34, heightBelow: 0 };
    const html = markup(<DataTable {...TABLE} drawn={drawn} />);
    expect(html).toContain('aria-rowcount="5"');
    expect([...html.matchAll(/aria-rowindex="(\d+)"/g)].map(([, index]) => index)).toEqual(['1', '3', '4']);
    expect(count(html, '<tr aria-hidden="true"')).toBe(1);
    expect(html).toContain('style="height:34px"');
  });
});

describe('a page of a longer list', () => {
  it('says how many rows are shown of how many, and offers more', () => {
    const html = markup(<DataTable {...PAGED} total={1440} />);
    expect(html).toContain('aria-rowcount="1441"');
    expect(html).toMatch(
      /<p id="([^"]+)" role="status"[^>]*>4 of 1,440 shown<\/p><button[^>]*aria-describedby="\1"/,
    );
    expect(html).not.toContain('aria-disabled');
  });

  it('leaves the number of rows unknown where the server does not count them', () => {
    expect(markup(<DataTable {...PAGED} />)).toContain('aria-rowcount="-1"');
    expect([shownOf(4, undefined, true), shownOf(1440, undefined, false)]).toEqual([
      '4 shown, there are more',
      'All 1,440 shown',
    ]);
  });

  it('cannot be asked twice while more is on its way', () => {
    expect(markup(<DataTable {...PAGED} loading />)).toMatch(
      /<button[^>]*aria-disabled="true"[^>]*aria-busy="true"/,
    );
  });

  it('is a plain table when the list has one page', () => {
    const html = markup(<DataTable {...PAGED} hasMore={false} total={4} />);
    expect(html).not.toMatch(/<button|aria-row/);
  });
});
