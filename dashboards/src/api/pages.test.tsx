import { InfiniteQueryObserver, QueryClient } from '@tanstack/react-query';
import { describe, expect, it } from 'vitest';
import { markup } from '../../test/markup.tsx';
import { type FetchPage, fetchMore, pageOptions, usePages } from './pages.ts';

const KEY = ['numbers'];
const watched = { isRefetching: () => false, isWatching: () => true };

/** A server that lists numbers upwards, `size` to a page; the cursor is the first number of the page. */
function stage(list: number[], size: number) {
  const cursors: (string | undefined)[] = [];
  const faults: Error[] = [];
  const fetchPage: FetchPage<number> = async ({ cursor }, signal) => {
    cursors.push(cursor);
    await Promise.resolve();
    signal.throwIfAborted();
    const fault = faults.pop();
    if (fault) throw fault;
    const rest = list.filter((number) => number >= Number(cursor ?? 0));
    const next = rest[size];
    return { items: rest.slice(0, size), next: next === undefined ? null : String(next), total: list.length };
  };
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const observer = new InfiniteQueryObserver(client, pageOptions({ queryKey: KEY, fetchPage }));
  observer.subscribe(() => undefined);
  const more = (asker = watched) => fetchMore(observer.getCurrentResult(), asker);
  return { cursors, faults, client, observer, more, list, fetchPage };
}

async function opened(list: number[], size: number) {
  const staged = stage(list, size);
  await staged.observer.refetch({ cancelRefetch: false });
  return staged;
}

describe('a list in pages', () => {
  it('begins with the first page and grows by one page at a time', async () => {
    const { observer, more, cursors } = await opened([1, 2, 3, 4, 5], 2);
    expect(observer.getCurrentResult().data).toEqual({ items: [1, 2], total: 5, pages: 1 });
    await more();
    expect(observer.getCurrentResult().data?.items).toEqual([1, 2, 3, 4]);
    await more();
    await more();
    expect(observer.getCurrentResult()).toMatchObject({
      data: { items: [1, 2, 3, 4, 5], pages: 3 },
      hasNextPage: false,
    });
    expect(cursors).toEqual([undefined, '3', '5']);
  });

  it('is fetched again from its start after a change, with new cursors', async () => {
    const { client, observer, more, list } = await opened([10, 20, 30, 40], 2);
    await more();
    list.unshift(5);
    await client.invalidateQueries({ queryKey: KEY });
    expect(observer.getCurrentResult().data).toEqual({ items: [5, 10, 20, 30], total: 5, pages: 2 });
  });

  it('waits for a refetch that carries a change before it asks for the next page', async () => {
    const { client, observer, more, list } = await opened([10, 20, 30], 2);
    list.unshift(5);
    void client.invalidateQueries({ queryKey: KEY });
    await more({ ...watched, isRefetching: () => client.isFetching({ queryKey: KEY }) > 0 });
    expect(observer.getCurrentResult().data?.items).toEqual([5, 10, 20, 30]);
  });

  it('asks again for a page whose request a resync has cancelled', async () => {
    const { client, observer, more, cursors } = await opened([1, 2, 3], 2);
    const growing = more();
    void client.invalidateQueries({ queryKey: KEY });
    await growing;
    expect(observer.getCurrentResult().data?.items).toEqual([1, 2, 3]);
    expect(cursors.filter((cursor) => cursor === '3')).toHaveLength(2);
  });

  it('keeps its pages when the next one fails, and stops asking', async () => {
    const { observer, more, cursors, faults } = await opened([1, 2, 3], 2);
    faults.push(new Error('gone'));
    await more();
    expect(observer.getCurrentResult()).toMatchObject({
      data: { items: [1, 2] },
      isFetchNextPageError: true,
    });
    await more();
    expect(observer.getCurrentResult().data?.items).toEqual([1, 2, 3]);
    expect(cursors).toEqual([undefined, '3', '3']);
  });

  it('asks for nothing when nobody looks any more', async () => {
    const { more, cursors } = await opened([1, 2, 3], 2);
    await more({ ...watched, isWatching: () => false });
    expect(cursors).toEqual([undefined]);
  });
});

describe('the hook', () => {
  it('returns the loaded rows, the total, and whether there is more', async () => {
    const { client, fetchPage } = await opened([1, 2, 3], 2);
    function Numbers() {
      const { query, total, hasMore, loading } = usePages({ queryKey: KEY, fetchPage });
      return JSON.stringify([query.data?.items, total, hasMore, loading]);
    }
    expect(markup(<Numbers />, client)).toBe('[[1,2],3,true,false]');
  });
});
