import { expect, it } from 'vitest';
import { allPages } from './client.ts';

it('a whole list is read page by page, and keeps the revision of its first page', async () => {
  const pages = new Map([
    [undefined, { items: [1, 2], next: 'a', revision: 7 }],
    ['a', { items: [3], next: 'b', revision: 8 }],
    ['b', { items: [4], next: null, revision: 9 }],
  ]);
  const asked: unknown[] = [];
  const list = await allPages(async (query) => {
    asked.push(query);
    return pages.get(query.cursor) ?? { items: [], next: null, revision: 0 };
  });
  expect(list).toEqual({ items: [1, 2, 3, 4], next: null, revision: 7 });
  expect(asked).toEqual([{ limit: 1000 }, { limit: 1000, cursor: 'a' }, { limit: 1000, cursor: 'b' }]);
});
