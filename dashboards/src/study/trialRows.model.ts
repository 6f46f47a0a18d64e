/** Runs as rows of the trial table. */
import type { Run, RunState, Scalar } from '../api/types.ts';

export interface TrialRow {
  id: string;
  number: number;
  state: RunState;
  params: Record<string, Scalar>;
  /** The objective; while the trial is at work, that of its best epoch so far. */
  value: number | undefined;
  provisional: boolean;
  epochs: number;
  attempts: number;
  startedAt: string | undefined;
  endedAt: string | undefined;
  failure: string | undefined;
}

export function trialRows(runs: Run[]): TrialRow[] {
  return runs.flatMap((run) => (run.kind === 'trial' && run.number != null ? [rowOf(run, run.number)] : []));
}

function rowOf(run: Run, number: number): TrialRow {
  return {
    id: run.id,
    number,
    state: run.state,
    params: run.params,
    value: run.value ?? run.best_so_far ?? undefined,
    provisional: run.value == null,
    epochs: run.epochs,
    attempts: run.attempt,
    startedAt: run.started_at ?? undefined,
    endedAt: run.ended_at ?? undefined,
    failure: run.failure?.message,
  };
}

/** How many rows are in each state. */
export function countStates(rows: TrialRow[]): Map<RunState, number> {
  const counts = new Map<RunState, number>();
  for (const row of rows) counts.set(row.state, (counts.get(row.state) ?? 0) + 1);
  return counts;
}
