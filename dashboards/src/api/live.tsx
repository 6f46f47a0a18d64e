/** Live data for components: the stream makes queries stale; while it is down, they poll. */
import {
  type DefaultError,
  type QueryClient,
  type QueryKey,
  type UseQueryOptions,
  type UseQueryResult,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query';
import { createContext, type ReactNode, useContext, useEffect, useRef, useState } from 'react';
import type { StreamState } from './events.ts';
import { shareChanges } from './leader.ts';
import { staleKeys } from './queries.ts';
import type { Change } from './types.ts';

const POLL_WHILE_DOWN = 10_000;

type Hearer = (change: Change | 'resync') => void;

interface Live {
  state: StreamState;
  hear(hearer: Hearer): () => void;
}

const LiveContext = createContext<Live>({ state: 'connecting', hear: () => () => undefined });

export function LiveProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const [state, setState] = useState<StreamState>('connecting');
  const hearers = useRef(new Set<Hearer>());
  const [hear] = useState(() => (hearer: Hearer) => {
    hearers.current.add(hearer);
    return () => void hearers.current.delete(hearer);
  });
  useEffect(() => {
    const tell: Hearer = (change) => {
      invalidate(client, change);
      for (const hearer of hearers.current) hearer(change);
    };
    return shareChanges({ onChange: tell, onResync: () => tell('resync'), onState: setState });
  }, [client]);
  return <LiveContext value={{ state, hear }}>{children}</LiveContext>;
}

export function useStreamState(): StreamState {
  return useContext(LiveContext).state;
}

/** Calls `hearer` at each change; pass a stable function. */
export function useChanges(hearer: Hearer): void {
  const { hear } = useContext(LiveContext);
  useEffect(() => hear(hearer), [hear, hearer]);
}

/**
 * A query that polls while the stream is down; hidden tabs do not poll. `every` milliseconds it also polls while the
 * stream is open, for what no event tells.
 */
export function useLiveQuery<T, K extends QueryKey>(
  options: UseQueryOptions<T, DefaultError, T, K>,
  every: number | false = false,
): UseQueryResult<T> {
  const down = useStreamState() === 'down';
  return useQuery({ ...options, refetchInterval: down ? POLL_WHILE_DOWN : every });
}

function invalidate(client: QueryClient, change: Change | 'resync'): void {
  if (change === 'resync') void client.invalidateQueries();
  else for (const queryKey of staleKeys(change)) void client.invalidateQueries({ queryKey });
}
