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
import { refresh } from './refresh.ts';
import type { Change } from './types.ts';

const POLL_WHILE_DOWN = 10_000;

type Listener = (change: Change | 'resync') => void;

interface Live {
  state: StreamState;
  listen(listener: Listener): () => void;
}

const LiveContext = createContext<Live>({ state: 'connecting', listen: () => () => undefined });

export function LiveProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const [state, setState] = useState<StreamState>('connecting');
  const listeners = useRef(new Set<Listener>());
  const [listen] = useState(() => (listener: Listener) => {
    listeners.current.add(listener);
    return () => void listeners.current.delete(listener);
  });
  useEffect(() => {
    const tell: Listener = (change) => {
      invalidate(client, change);
      for (const listener of listeners.current) listener(change);
    };
    return shareChanges({ onChange: tell, onResync: () => tell('resync'), onState: setState });
  }, [client]);
  return <LiveContext value={{ state, listen }}>{children}</LiveContext>;
}

export function useStreamState(): StreamState {
  return useContext(LiveContext).state;
}

/** Calls `listener` at each change. Pass a stable function. */
export function useChanges(listener: Listener): void {
  const { listen } = useContext(LiveContext);
  useEffect(() => listen(listener), [listen, listener]);
}

/**
 * A query that polls while the stream is down. With `every`, it also polls while the stream is open, for what no event
 * announces. Hidden tabs do not poll.
 */
export function useLiveQuery<Answer, T, K extends QueryKey>(
  options: UseQueryOptions<Answer, DefaultError, T, K>,
  every: number | false = false,
): UseQueryResult<T> {
  return useQuery({ ...options, refetchInterval: useRefetchInterval(every) });
}

/** Milliseconds between two polls; `every` holds while the stream is open. */
export function useRefetchInterval(every: number | false = false): number | false {
  return useStreamState() === 'down' ? POLL_WHILE_DOWN : every;
}

function invalidate(client: QueryClient, change: Change | 'resync'): void {
  if (change === 'resync') void client.invalidateQueries();
  else for (const queryKey of staleKeys(change)) void refresh(client, queryKey);
}
