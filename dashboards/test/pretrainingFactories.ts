/** Pretrainings for tests and for development without a coordinator. */
import type { AdaptDetail, AdaptReport, Dapt, DaptSummary, RunDetail, RunState } from '../src/api/types.ts';
import { at, attempt, id, trial } from './factories.ts';

export function heldOut(pseudo_perplexity: number) {
  const bits_per_character = Math.log2(pseudo_perplexity) / 4.2;
  return { pseudo_perplexity, bits_per_character, masked_accuracy: 0.5 / bits_per_character, masked: 4180 };
}

export function pretrainingReport(of: number, epoch: number, perplexity: number): AdaptReport {
  return {
    attempt: of,
    received_at: at(epoch),
    metrics: {
      epoch,
      step: epoch * 250,
      train_loss: Math.log(perplexity) + 0.1,
      held_out: heldOut(perplexity),
      seconds: 212,
      tokens_per_second: 5120,
      peak_memory_bytes: 6_100_000_000,
    },
  };
}

const SUMMARY: DaptSummary = {
  before: heldOut(1225),
  after: heldOut(980),
  steps: 1000,
  head_steps: 120,
  trainable_parameters: 294_912,
  seconds: 861,
  peak_memory_bytes: 6_100_000_000,
};

function dapt(state: RunState, name: string, number: number, more: Partial<Dapt['run']> = {}): Dapt {
  const sha256 = 'c0ffee'.padEnd(64, '0');
  return {
    id: id(6, number),
    spec: {
      name,
      backbone: 'all-MiniLM-L6-v2',
      passages: { name: 'pubmed-passages.txt', sha256, bytes: 184_000_000 },
      held_out: { name: 'pubmed-held-out.txt', sha256, bytes: 2_100_000 },
      params: { epochs: 4, learning_rate: 0.0002, lora_r: 16 },
      seed: 13,
      retries: 2,
      lost_retries: 4,
      priority: 0,
      resources: { min_memory_gib: 16 },
    },
    run: {
      ...trial.waiting(0),
      id: id(7, number),
      queue_id: id(6, number),
      kind: 'dapt',
      number: null,
      state,
      params: { epochs: 4, learning_rate: 0.0002, lora_r: 16 },
      ...more,
    },
    waits: state === 'waiting' ? 'it waits for its turn: other runs hold all 9 devices that fit' : null,
    hold: 'none',
    priority: 0,
    owner: 'ada',
    summary: state === 'completed' ? SUMMARY : null,
    adapter: [],
    created_at: at(0),
  };
}

export const pretraining = {
  waiting: (name: string, number: number) => dapt('waiting', name, number),
  running: (name: string, number: number) =>
    dapt('running', name, number, { attempt: 2, epochs: 2, best_so_far: 1041.3, started_at: at(10) }),
  completed: (name: string, number: number) =>
    dapt('completed', name, number, {
      attempt: 1,
      epochs: 4,
      value: 980,
      best_so_far: 980,
      started_at: at(10),
      ended_at: at(25),
    }),
};

/** The run of a pretraining. */
export function pretrainingDetail(of: Dapt): RunDetail {
  const { state } = of.run;
  const attempts = [
    attempt(1, state === 'completed' ? 'completed' : 'lost'),
    ...(state === 'running' ? [attempt(2, 'running')] : []),
  ];
  return {
    run: of.run,
    queue_name: of.spec.name,
    attempts: state === 'waiting' ? [] : attempts,
    work: { kind: 'adapt', ...adapting(of) },
  };
}

/** What only the run of a pretraining has: as many reports of its newest attempt as it has epochs. */
export function adapting({ run, summary = null }: Dapt): AdaptDetail {
  const perplexities = [1133, 1041, 997, 980].slice(0, run.epochs);
  return {
    reports: perplexities.map((perplexity, index) => pretrainingReport(run.attempt, index + 1, perplexity)),
    summary,
  };
}
