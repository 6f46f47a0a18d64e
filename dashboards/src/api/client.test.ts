import { expect, it } from 'vitest';
import { allPages } from './client.ts';

it('a whole list is read page by page', async () => {
  const pages = new Map([
    [undefined, { items: [1, 2], next: 'a' }],
    ['a', { items: [3], next: 'b' }],
    ['b', { items: [4], next: null }],
  ]);
  const asked: unknown[] = [];
  const items = await allPages(async (query) => {
    asked.push(query);
    return pages.get(query.cursor) ?? { items: [], next: null };
  });
  expect(items).toEqual([1, 2, 3, 4]);
  expect(asked).toEqual([{ limit: 1000 }, { limit: 1000, cursor: 'a' }, { limit: 1000, cursor: 'b' }]);
});
