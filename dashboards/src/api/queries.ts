/** One queryOptions per resource, and which of them a change makes stale. */
import { type QueryKey, queryOptions } from '@tanstack/react-query';
import { api } from './client.ts';
import type { Change, Topic } from './types.ts';

const keys = {
  studies: ['studies'] as const,
  study: (id: string) => ['study', id, 'record'] as const,
  runs: (id: string) => ['study', id, 'runs'] as const,
  insight: (id: string) => ['study', id, 'insight'] as const,
  run: (id: string) => ['run', id] as const,
};

export const queries = {
  studies: () => queryOptions({ queryKey: keys.studies, queryFn: ({ signal }) => api.studies(signal) }),
  study: (id: string) =>
    queryOptions({ queryKey: keys.study(id), queryFn: ({ signal }) => api.study(id, signal) }),
  runs: (id: string) =>
    queryOptions({ queryKey: keys.runs(id), queryFn: ({ signal }) => api.runs(id, signal) }),
  insight: (id: string) =>
    queryOptions({ queryKey: keys.insight(id), queryFn: ({ signal }) => api.insight(id, signal) }),
  run: (id: string) => queryOptions({ queryKey: keys.run(id), queryFn: ({ signal }) => api.run(id, signal) }),
};

const STALE: Record<Topic, (change: Change) => QueryKey[]> = {
  dataset: () => [],
  backbone: () => [],
  fleet: () => [],
  // A log is followed by its own panel, from the offset that it has.
  log: () => [],
  study: (change) => [keys.studies, ...(change.study_id ? [keys.study(change.study_id)] : [])],
  run: (change) => [
    keys.studies,
    ...(change.study_id
      ? [keys.study(change.study_id), keys.runs(change.study_id), keys.insight(change.study_id)]
      : []),
    ...(change.run_id ? [keys.run(change.run_id)] : []),
  ],
};

/** The keys that a change makes stale; none for a topic that this version does not know. */
export function staleKeys(change: Change): QueryKey[] {
  return STALE[change.topic]?.(change) ?? [];
}
