/** The runs of a study as the page holds them. After the first load, only what changed is asked for and merged in. */
import type { QueryFunctionContext } from '@tanstack/react-query';
import { api } from './client.ts';
import type { Run, RunPage } from './types.ts';

export interface StudyRuns {
  /** Trials by number, then the final run. */
  runs: Run[];
  /** The newest change that these runs hold. */
  revision: number;
}

type FetchChanged = typeof api.changedRuns;

/** Fetches what changed since the runs that the cache of queries holds; all runs where it holds none. */
export async function fetchRuns(
  study: string,
  { client, queryKey, signal }: Pick<QueryFunctionContext, 'client' | 'queryKey' | 'signal'>,
  changedRuns: FetchChanged = api.changedRuns,
): Promise<StudyRuns> {
  const held = client.getQueryData<StudyRuns>(queryKey);
  return merged(held, await changedRuns(study, held?.revision, signal));
}

/** The held runs, brought up to date by an answer. */
export function merged(held: StudyRuns | undefined, { items, revision, all }: RunPage): StudyRuns {
  if (held === undefined || all) return { runs: items, revision };
  const runs = new Map([...held.runs, ...items].map((run) => [run.id, run]));
  return { runs: [...runs.values()].sort(inOrder), revision };
}

/** The order of the API: by number, and a run without one comes last. */
function inOrder(one: Run, other: Run): number {
  const numbers = position(one) - position(other);
  return numbers !== 0 ? numbers : one.id < other.id ? -1 : 1;
}

function position(run: Run): number {
  return run.number ?? Number.MAX_SAFE_INTEGER;
}
