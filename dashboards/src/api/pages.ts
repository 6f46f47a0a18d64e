/** Lists that the API sends in pages. Each page names the cursor of the next. What a list holds is not known here. */
import {
  type InfiniteData,
  infiniteQueryOptions,
  type QueryKey,
  useInfiniteQuery,
  useQueryClient,
} from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { useRefetchInterval } from './live.tsx';

export const PAGE_SIZE = 100;

export interface Page<Item> {
  items: Item[];
  /** Where the next page begins; null on the last page. */
  next: string | null;
  /** Items of the whole list, where the server counts them. */
  total?: number | null;
}

/** The query parameters of one page. The first page has no cursor. */
export interface PageRequest {
  limit: number;
  cursor: string | undefined;
}

export type FetchPage<Item> = (request: PageRequest, signal: AbortSignal) => Promise<Page<Item>>;

/** The pages that are here, as one list. */
export interface Listed<Item> {
  items: Item[];
  total: number | undefined;
  pages: number;
}

/** Also for a route's loader: `prefetchInfiniteQuery` takes these options. */
export function pageOptions<Item>(queryKey: QueryKey, fetchPage: FetchPage<Item>) {
  return infiniteQueryOptions({
    queryKey,
    queryFn: ({ pageParam, signal }) => fetchPage({ limit: PAGE_SIZE, cursor: pageParam }, signal),
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
 * Fetches the next page. A refetch that is under way carries a change, so it finishes first. A change that arrives
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

/** A list that grows page by page: `query` is for Loaded, and the rest for DataTable. */
export function usePages<Item>(queryKey: QueryKey, fetchPage: FetchPage<Item>) {
  const refetchInterval = useRefetchInterval();
  const query = useInfiniteQuery({ ...pageOptions(queryKey, fetchPage), refetchInterval });
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
