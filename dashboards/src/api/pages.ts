/** Lists that the API sends in pages. Each page names the cursor of the next. What a list holds is not known here. */
import {
  type InfiniteData,
  infiniteQueryOptions,
  type QueryKey,
  useInfiniteQuery,
  useQueryClient,
} from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import type { Page, PageRequest } from './client.ts';
import { useRefetchInterval } from './live.tsx';

const PAGE_SIZE = 100;

export type FetchPage<Item> = (request: PageRequest, signal: AbortSignal) => Promise<Page<Item>>;

/** One list of the API. */
interface List<Item> {
  queryKey: QueryKey;
  fetchPage: FetchPage<Item>;
}

/** The pages that are here, as one list. */
export interface Listed<Item> {
  items: Item[];
  total: number | undefined;
  pages: number;
}

/** Also for a route's loader: `prefetchInfiniteQuery` takes these options. */
export function pageOptions<Item>({ queryKey, fetchPage }: List<Item>) {
  return infiniteQueryOptions({
    queryKey,
    queryFn: ({ pageParam, signal }) =>
      fetchPage({ limit: PAGE_SIZE, ...(pageParam !== undefined && { cursor: pageParam }) }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
    select: listed,
  });
}

function listed<Item>({ pages }: InfiniteData<Page<Item>, unknown>): Listed<Item> {
  return {
    items: pages.flatMap((page) => page.items),
    // The newest answer is the last page's.
    total: pages.at(-1)?.total ?? undefined,
    pages: pages.length,
  };
}

/** The parts of an infinite query that `fetchMore` uses. */
interface Growing {
  hasNextPage: boolean;
  isFetchNextPageError: boolean;
  data: Listed<unknown> | undefined;
  refetch(options: { cancelRefetch: boolean }): Promise<unknown>;
  fetchNextPage(): Promise<Growing>;
}

interface Asker {
  /** A refetch of the list is under way. */
  isRefetching(): boolean;
  /** Somebody still looks at the list. */
  isWatching(): boolean;
}

/**
 * Fetches the next page. A refetch that is under way carries a change, so it finishes first. A resync that arrives
 * later cancels the request for the page, which is then sent again.
 */
export async function fetchMore(query: Growing, asker: Asker): Promise<void> {
  const before = query.data?.pages ?? 0;
  let now = query;
  while (now.hasNextPage && (now.data?.pages ?? 0) <= before && asker.isWatching()) {
    if (asker.isRefetching()) await now.refetch({ cancelRefetch: false });
    now = await now.fetchNextPage();
    if (now.isFetchNextPageError) return;
  }
}

/**
 * A list that grows page by page: `query` is for Loaded, and the rest for DataTable. With `every`, it also polls while
 * the stream is open.
 */
export function usePages<Item>(list: List<Item>, every: number | false = false) {
  const { queryKey } = list;
  const refetchInterval = useRefetchInterval(every);
  const query = useInfiniteQuery({ ...pageOptions(list), refetchInterval });
  const client = useQueryClient();
  const watching = useRef(true);
  const [loading, setLoading] = useState(false);
  useEffect(() => {
    watching.current = true;
    return () => {
      watching.current = false;
    };
  }, []);
  const onMore = () => {
    const asker: Asker = {
      isRefetching: () => client.isFetching({ queryKey, exact: true }) > 0,
      isWatching: () => watching.current,
    };
    setLoading(true);
    void fetchMore(query, asker).finally(() => setLoading(false));
  };
  return { query, total: query.data?.total, hasMore: query.hasNextPage, loading, onMore };
}
