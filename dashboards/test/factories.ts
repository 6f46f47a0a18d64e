/** Records for tests and for development without a coordinator: one named method per state. */
import type {
  AttemptRecord,
  Run,
  RunDetail,
  RunState,
  Study,
  StudyInsight,
  TrainDetail,
  TrainReport,
} from '../src/api/types.ts';

const STUDY_ID = '01990000-0000-7000-8000-000000000001';
const WORKER_ID = '01990000-0000-7000-8000-0000000000f1';
const EPOCH = Date.parse('2026-03-02T09:00:00Z');

export function at(minutes: number, origin = EPOCH): string {
  return new Date(origin + minutes * 60_000).toISOString();
}

export function id(kind: number, number: number): string {
  return `0199000${kind}-0000-7000-8000-${String(number).padStart(12, '0')}`;
}

function sha(seed: number): string {
  let state = seed * 2654435761;
  return Array.from({ length: 64 }, () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return ((state >> 8) & 15).toString(16);
  }).join('');
}

function run(state: RunState, number: number, more: Partial<Run> = {}): Run {
  return {
    id: id(1, number),
    queue_id: STUDY_ID,
    kind: 'trial',
    number,
    state,
    attempt: 1,
    params: { learning_rate: 0.0001 * number, batch_size: 16, warmup_ratio: 0.06 },
    value: null,
    best_so_far: null,
    epochs: 0,
    failure: null,
    created_at: at(number),
    started_at: at(number + 1),
    ended_at: null,
    ...more,
  };
}

export const trial = {
  waiting: (number: number) => run('waiting', number, { attempt: 0, started_at: null }),
  leased: (number: number) => run('leased', number),
  running: (number: number, best: number) => run('running', number, { best_so_far: best, epochs: 3 }),
  completed: (number: number, value: number) =>
    run('completed', number, { value, best_so_far: value, epochs: 6, ended_at: at(number + 4) }),
  pruned: (number: number, best: number) =>
    run('pruned', number, { best_so_far: best, epochs: 2, ended_at: at(number + 2) }),
  failed: (number: number) =>
    run('failed', number, {
      attempt: 3,
      failure: {
        cause: 'oom',
        message: 'the trainer needed more than the 24 GB of the GPU; lower batch_size',
      },
      ended_at: at(number + 2),
    }),
  cancelled: (number: number) => run('cancelled', number, { ended_at: at(number + 2) }),
  final: (state: RunState) =>
    run(state, 0, {
      id: id(2, 1),
      kind: 'final',
      number: null,
      epochs: state === 'completed' ? 6 : 0,
      value: state === 'completed' ? 0.861 : null,
    }),
};

function entityScore(f1: number) {
  return {
    precision: f1 + 0.012,
    recall: f1 - 0.011,
    f1,
    true_positives: Math.round(f1 * 960),
    false_positives: 128,
    false_negatives: 141,
  };
}

function scores(f1: number) {
  return { strict: entityScore(f1), conlleval: entityScore(f1 - 0.009) };
}

export function report(attempt: number, epoch: number, f1: number): TrainReport {
  return {
    attempt,
    received_at: at(epoch),
    metrics: {
      epoch,
      step: epoch * 170,
      train_loss: 0.9 / epoch + 0.31,
      dev_loss: 0.42 / epoch + 0.08 + epoch * 0.003,
      dev: scores(f1),
      learning_rate: 0.002 / epoch,
      gradient_norm: 2.31 / epoch,
      seconds: 78.4,
      train_seconds: 66.1,
      sentences_per_second: 82.1,
      tokens_per_second: 2410,
      padded_tokens_per_second: 2688,
      peak_memory_bytes: 3_980_000_000,
    },
  };
}

function study(state: Study['state'], more: Partial<Study> = {}): Study {
  return {
    id: STUDY_ID,
    spec: {
      name: 'ncbi-minilm',
      dataset: 'ncbi-disease',
      backbone: 'all-MiniLM-L6-v2',
      method: 'tpe',
      metric: { name: 'dev_f1', goal: 'maximize', protocol: 'strict' },
      parameters: [
        { name: 'learning_rate', domain: { kind: 'float', min: 0.0001, max: 0.005, log: true } },
        { name: 'batch_size', domain: { kind: 'ordinal', values: [8, 16, 32] } },
        { name: 'warmup_ratio', domain: { kind: 'float', min: 0, max: 0.2, step: 0.02 } },
      ],
      fixed: { epochs: 8, weight_decay: 0.01, lora_rank: 16 },
      trials: 40,
      max_concurrent: 4,
      retries: 2,
      seed: 13,
    },
    state,
    failure: null,
    synthetic: false,
    trials: { waiting: 2, leased: 1, running: 2, completed: 0, pruned: 0, failed: 0, cancelled: 0 },
    best: null,
    finals: [],
    test_run: null,
    seal: null,
    created_at: at(0),
    ended_at: null,
    ...more,
  };
}

export const studies = {
  searching: (more: Partial<Study> = {}) => study('searching', more),
  failed: (more: Partial<Study> = {}) =>
    study('failed', {
      failure: 'no trial could be completed: all ran out of memory',
      ended_at: at(30),
      ...more,
    }),
  completed: (more: Partial<Study> = {}) =>
    study('completed', {
      trials: { waiting: 0, leased: 0, running: 0, completed: 28, pruned: 8, failed: 3, cancelled: 1 },
      best: { run_id: id(1, 27), number: 27, value: 0.8731, params: { learning_rate: 0.0021 } },
      finals: [{ run_id: id(2, 1), replicate: 1, seed: 17, state: 'completed', value: 0.8702 }],
      test_run: { run_id: id(2, 2), state: 'completed' },
      seal: {
        run_id: id(2, 2),
        attempt: 1,
        test_sha256: sha(7),
        opened_at: at(190),
        openings: 1,
        sealed_at: at(192),
        results: [{ run_id: id(2, 1), seed: 17, scores: testScores(0.8241) }],
      },
      ended_at: at(192),
      ...more,
    }),
};

export function testScores(f1: number) {
  return {
    overall: scores(f1),
    per_type: { Disease: scores(f1 + 0.01), DiseaseClass: scores(f1 - 0.06) },
    sentences: 940,
    windowed_sentences: 3,
    orphan_tags: 21,
  };
}

export function attempt(number: number, state: AttemptRecord['state']): AttemptRecord {
  const lost = state === 'lost';
  const live = state === 'leased' || state === 'running';
  const artifacts = [
    'adapter/adapter_config.json',
    'adapter/adapter_model.safetensors',
    'predictions.conll',
    'log.txt',
  ];
  return {
    attempt: number,
    worker_id: WORKER_ID,
    worker_name: 'lab-gpu-03',
    device_uuid: 'GPU-5b1f9a3e-77c1-4d10-9f3e-2b8a6c90d1e4',
    state,
    failure: lost
      ? { cause: 'lost', message: 'the lease ran out: nothing was heard from lab-gpu-03 for 30 s' }
      : null,
    leased_at: at(number * 10),
    started_at: at(number * 10 + 0.4),
    ended_at: live ? null : at(number * 10 + 8),
    lease_expires_at: live ? new Date(Date.now() + 22_000).toISOString() : null,
    artifacts:
      state === 'completed'
        ? artifacts.map((name, index) => ({
            name,
            sha256: sha(index + 1),
            bytes: [640, 1_187_432, 184_220, 9120][index] ?? 1,
          }))
        : [],
  };
}

/** A trial or a final run; `reports` are of its newest attempt. */
export function detail(of: Run, attempts: AttemptRecord[], reports: TrainReport[]): RunDetail {
  return {
    run: of,
    queue_name: 'ncbi-minilm',
    attempts,
    work: { kind: 'train', ...training(of, reports) },
  };
}

/** What only a trial or a final run has. */
export function training(of: Run, reports: TrainReport[]): TrainDetail {
  const last = reports.at(-1);
  const done = of.state === 'completed' && last !== undefined;
  return {
    fixed: { epochs: 8, weight_decay: 0.01, lora_rank: 16 },
    suggestion:
      of.number == null
        ? null
        : {
            sampler: 'tpe',
            version: 1,
            seed: 13,
            number: of.number,
            finished: Array.from({ length: Math.max(0, of.number - 4) }, (_, index) => index + 1),
            pending: [of.number - 3, of.number - 1].filter((number) => number > 0),
            skipped: [],
            startup: of.number < 10,
          },
    reports,
    summary: done
      ? {
          best_epoch: last.metrics.epoch - 1,
          epochs: last.metrics.epoch,
          stopped_early: true,
          objective: of.value ?? 0,
          dev: scores(of.value ?? 0),
          trainable_parameters: 148_227,
          seconds: 471.2,
          peak_memory_bytes: 3_980_000_000,
        }
      : null,
  };
}

export function insight(more: Partial<StudyInsight> = {}): StudyInsight {
  return {
    sampler: {
      name: 'auto version 1',
      chosen: 'tpe version 2',
      why: 'the space has conditions',
    },
    donors: [{ study: 'bc5cdr-electra-large', weight: 0.68, given: 4 }],
    trials: 19,
    fewest: 10,
    parameters: [
      { name: 'learning_rate', importance: 0.712, boundary: { end: 'high', value: 0.005 } },
      { name: 'batch_size', importance: 0.208, boundary: null },
      { name: 'warmup_ratio', importance: 0.08, boundary: null },
    ],
    ...more,
  };
}
