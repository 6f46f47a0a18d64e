/** One queryOptions per resource, the lists that are read page by page, and which of them a change makes stale. */
import { type QueryKey, queryOptions } from '@tanstack/react-query';
import { api } from './client.ts';
import { fetchRuns } from './studyRuns.ts';
import type { Change, Topic } from './types.ts';

const keys = {
  studies: ['studies'] as const,
  study: (id: string) => ['study', id, 'record'] as const,
  runs: (id: string) => ['study', id, 'runs'] as const,
  insight: (id: string) => ['study', id, 'insight'] as const,
  run: (id: string) => ['run', id] as const,
  pretrainings: ['pretrainings'] as const,
  pretraining: (id: string) => ['pretraining', id] as const,
  workers: ['workers'] as const,
  session: ['session'] as const,
};

export const queries = {
  study: (id: string) =>
    queryOptions({ queryKey: keys.study(id), queryFn: ({ signal }) => api.study(id, signal) }),
  runs: (id: string) =>
    queryOptions({
      queryKey: keys.runs(id),
      queryFn: (context) => fetchRuns(id, context),
      select: ({ runs }) => runs,
    }),
  insight: (id: string) =>
    queryOptions({ queryKey: keys.insight(id), queryFn: ({ signal }) => api.insight(id, signal) }),
  run: (id: string) => queryOptions({ queryKey: keys.run(id), queryFn: ({ signal }) => api.run(id, signal) }),
  /** The key holds the id, because changes name it; the API finds a pretraining by its name. */
  pretraining: (id: string, name: string) =>
    queryOptions({ queryKey: keys.pretraining(id), queryFn: ({ signal }) => api.pretraining(name, signal) }),
  session: () => queryOptions({ queryKey: keys.session, queryFn: ({ signal }) => api.session(signal) }),
};

export const lists = {
  studies: { queryKey: keys.studies, fetchPage: api.studies },
  pretrainings: { queryKey: keys.pretrainings, fetchPage: api.pretrainings },
  workers: { queryKey: keys.workers, fetchPage: api.workers },
};

const STALE: Record<Topic, (change: Change) => QueryKey[]> = {
  dataset: () => [],
  backbone: () => [],
  fleet: () => [keys.workers],
  // A log is followed by its own panel, from the offset that it has.
  log: () => [],
  study: (change) => [keys.studies, ...(change.queue_id ? [keys.study(change.queue_id)] : [])],
  pretraining: (change) => [
    keys.pretrainings,
    ...(change.queue_id ? [keys.pretraining(change.queue_id)] : []),
  ],
  // No page shows grids yet.
  grid: () => [],
  // The next two topics do not say whether the entry is a study or a pretraining.
  queue: (change) => [
    keys.studies,
    keys.pretrainings,
    ...(change.queue_id ? [keys.study(change.queue_id), keys.pretraining(change.queue_id)] : []),
  ],
  run: (change) => [
    keys.studies,
    keys.pretrainings,
    ...(change.queue_id
      ? [
          keys.study(change.queue_id),
          keys.runs(change.queue_id),
          keys.insight(change.queue_id),
          keys.pretraining(change.queue_id),
        ]
      : []),
    ...(change.run_id ? [keys.run(change.run_id)] : []),
  ],
};

/** The keys that a change makes stale; none for a topic that this version does not know. */
export function staleKeys(change: Change): QueryKey[] {
  return STALE[change.topic]?.(change) ?? [];
}
