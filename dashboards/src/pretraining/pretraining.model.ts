/** The figures that a pretraining's page and its row in the list show. */
import { HOLDS, RUN_STATES } from '../api/states.ts';
import type { AdaptDetail, AttemptRecord, Dapt, DaptSummary, HeldOutScores, Run } from '../api/types.ts';
import { energy, quantity } from '../lib/number.ts';
import { span } from '../lib/time.ts';

export interface Progress {
  /** Optimiser steps of the adapter. */
  steps: number;
  epoch: number;
  heldOut: HeldOutScores;
}

/** The newest report of the newest attempt; after the end, the result. */
export function progressOf({ reports, summary }: AdaptDetail): Progress | undefined {
  const last = reports.at(-1)?.metrics;
  if (last === undefined) return undefined;
  return {
    steps: summary?.steps ?? last.step,
    epoch: last.epoch,
    heldOut: summary?.after ?? last.held_out,
  };
}

/** Whether it is paused, as an entry of the queue or by its run. Once it has ended, it is not. */
export function isPaused({ run, hold = 'none' }: Pick<Dapt, 'run' | 'hold'>): boolean {
  return isOpen(run) && (run.paused === true || hold !== 'none');
}

/** What the hold on it means; undefined once it has ended. */
export function holdOf({ run, hold = 'none' }: Pick<Dapt, 'run' | 'hold'>): string | undefined {
  if (!isOpen(run)) return undefined;
  return run.paused && hold === 'none' ? 'its run is paused' : HOLDS[hold];
}

function isOpen({ state }: Run): boolean {
  return state === 'waiting' || RUN_STATES[state].live;
}

/** `−12.3 %`. */
export function change(before: number, after: number): string {
  const percent = (100 * (after - before)) / before;
  return `${percent > 0 ? '+' : percent < 0 ? '−' : ''}${Math.abs(percent).toFixed(1)} %`;
}

/** `1225 → 1145` at the end, else the best so far. */
export function perplexityOf({ summary, run }: Dapt): string | undefined {
  if (summary)
    return `${quantity(summary.before.pseudo_perplexity)} → ${quantity(summary.after.pseudo_perplexity)}`;
  return run.best_so_far == null ? undefined : quantity(run.best_so_far);
}

export interface Comparison {
  name: string;
  before: string;
  after: string;
  change: string;
}

/** The held-out text without and with the adapter. */
export function comparisons({ before, after }: DaptSummary): Comparison[] {
  const row = (name: string, of: (scores: HeldOutScores) => number): Comparison => ({
    name,
    before: quantity(of(before)),
    after: quantity(of(after)),
    change: change(of(before), of(after)),
  });
  return [
    row('Pseudo-perplexity', (s) => s.pseudo_perplexity),
    row('Bits per character', (s) => s.bits_per_character),
    row('Masked accuracy', (s) => s.masked_accuracy),
  ];
}

interface Spent {
  text: string;
  /** Which attempts the figure covers. */
  note: string;
}

/** The energy of all attempts; undefined where no GPU told any. */
export function energySpent(attempts: AttemptRecord[]): Spent | undefined {
  const known = attempts.flatMap((attempt) => attempt.energy ?? []);
  if (known.length === 0) return undefined;
  const bound = known.some(({ source }) => source === 'tdp' || source === 'shared');
  const of =
    known.length === attempts.length ? 'all attempts' : `${known.length} of ${attempts.length} attempts`;
  return {
    text: energy(known.reduce((sum, { joules }) => sum + joules, 0)),
    note: bound ? `at most, ${of}` : of,
  };
}

/** The device that was asked for, as in `A100, at least 40 GiB, at most 2 h 00 min`; undefined where any will do. */
export function resourcesOf({ resources }: Dapt['spec']): string | undefined {
  const { gpu_model: model, min_memory_gib: memory, walltime_s: walltime } = resources ?? {};
  const parts = [
    model,
    memory == null ? undefined : `at least ${memory} GiB`,
    walltime == null ? undefined : `at most ${span(1000 * walltime)}`,
  ];
  return parts.filter(Boolean).join(', ') || undefined;
}
