/** Answers the API from made-up records, for work on the pages without a coordinator. Never part of a build. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Plugin } from 'vite';
import type { Run, RunDetail, Study, Worker } from '../src/api/types.ts';
import { attempt, detail, id, insight, report, studies, trial } from './factories.ts';
import { device, holder, workers } from './fleetFactories.ts';
import { pretraining, pretrainingDetail } from './pretrainingFactories.ts';

const NOW = Date.now();
const HOUR = 3_600_000;

export function fixtureApi(): Plugin {
  const handle = (request: IncomingMessage, response: ServerResponse, next: () => void) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    if (!path.startsWith('/api/v1/')) return next();
    if (path === '/api/v1/events') return stream(response);
    if (path.startsWith('/api/v1/artifacts/')) return response.end('made up\n');
    const body = answer(
      path.slice('/api/v1'.length),
      new URL(request.url ?? '/', 'http://localhost').searchParams,
    );
    response.statusCode = body === undefined ? 404 : 200;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(body ?? { code: 'not_found', message: `there is nothing at ${path}` }));
  };
  return {
    name: 'pedigree-fixture-api',
    configureServer: (server) => void server.middlewares.use(handle),
    configurePreviewServer: (server) => void server.middlewares.use(handle),
  };
}

function stream(response: ServerResponse) {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  response.write(': fixture\n\n');
}

function answer(path: string, query: URLSearchParams): unknown {
  const [, noun, key, part] = path.split('/');
  if (noun === 'studies') {
    if (key === undefined) return onePage(STUDIES);
    const study = STUDIES.find((s) => s.id === key || s.spec.name === key);
    if (part === 'insight') return study && insight();
    return part === 'runs' ? study && runPage(runsOf(study)) : study;
  }
  if (noun === 'dapt')
    return key === undefined ? onePage(PRETRAININGS) : PRETRAININGS.find((d) => d.spec.name === key);
  if (noun === 'session') return { role: 'operator' };
  if (noun === 'workers') return onePage(fleet());
  if (noun !== 'runs' || key === undefined) return undefined;
  return part === 'log' ? logOf(Number(query.get('offset'))) : detailOf(key);
}

function onePage<Item>(items: Item[]) {
  return { items, next: null, total: items.length };
}

function runPage(runs: Run[]) {
  return { ...onePage(runs), revision: 1, all: true };
}

const PRETRAININGS = [
  pretraining.waiting('clinical-minilm', 3),
  pretraining.running('chem-minilm', 2),
  pretraining.completed('pubmed-minilm', 1),
];

function fleet(): Worker[] {
  const now = new Date().toISOString();
  const shown = [
    workers.live(1, 'lab-gpu-01', [
      device.held(1),
      device.held(2, holder({ kind: 'dapt', queue_name: 'chem-minilm' })),
      device.free(3),
      device.occupied(4),
      device.broken(5),
      device.quarantined(6),
    ]),
    workers.draining(2, 'lab-gpu-02', [
      device.instance(7),
      device.instance(8),
      device.held(9),
      device.cpu(0),
    ]),
    workers.silent(3, 'lab-gpu-03', [device.held(0)]),
    workers.silent(4, 'lab-gpu-01', [device.free(1), device.cpu(0)]),
  ];
  return shown.map((worker) => ({
    ...worker,
    last_seen_at: worker.alive ? now : worker.last_seen_at,
    devices: worker.devices.map((d) => (d.shown ? { ...d, shown: { ...d.shown, read_at: now } } : d)),
  }));
}

const STUDIES: Study[] = [
  studies.searching({
    id: id(3, 1),
    created_at: new Date(NOW - 2 * HOUR).toISOString(),
    trials: { waiting: 2, leased: 1, running: 2, completed: 19, pruned: 5, failed: 2, cancelled: 1 },
    best: { run_id: id(1, 17), number: 17, value: 0.8642, params: { learning_rate: 0.0021 } },
  }),
  named('bc5cdr-electra-large', 'bc5cdr-chem', 2, studies.completed(), false),
  named('quickstart', 'synthetic-clinic', 3, studies.completed(), true),
  named('jnlpba-deberta-v3-large', 'jnlpba', 4, studies.failed(), false),
];

function named(name: string, dataset: string, number: number, study: Study, synthetic: boolean): Study {
  const created_at = new Date(NOW - number * 26 * HOUR).toISOString();
  const ended_at = new Date(NOW - number * 26 * HOUR + 3 * HOUR).toISOString();
  return {
    ...study,
    id: id(3, number),
    spec: { ...study.spec, name, dataset },
    synthetic,
    created_at,
    ended_at,
  };
}

function runsOf(study: Study): Run[] {
  const many = study.trials;
  const ended = many.completed + many.pruned + many.failed + many.cancelled;
  const runs = Array.from({ length: ended }, (_, index) => endedTrial(index + 1));
  if (study.state === 'searching') {
    runs.push(trial.running(ended + 1, 0.841), trial.running(ended + 2, 0.62));
    runs.push(trial.leased(ended + 3), trial.waiting(ended + 4), trial.waiting(ended + 5));
  }
  return runs.map((run, index) => ({ ...run, queue_id: study.id, ...spread(index + 1) }));
}

function endedTrial(number: number): Run {
  if (number % 13 === 0) return trial.failed(number);
  if (number % 22 === 0) return trial.cancelled(number);
  if (number % 5 === 0) return trial.pruned(number, 0.55 + noise(number) * 0.2);
  return trial.completed(number, 0.87 - 0.2 * noise(number) * Math.exp(-number / 25));
}

function spread(number: number): Pick<Run, 'params' | 'started_at' | 'created_at'> {
  return {
    params: {
      learning_rate: 0.0001 * 50 ** noise(number + 3),
      batch_size: [8, 16, 32][number % 3] ?? 8,
      warmup_ratio: Math.round(noise(number + 9) * 10) / 50,
    },
    created_at: new Date(NOW - HOUR + number * 60_000).toISOString(),
    started_at: number > 34 ? null : new Date(NOW - HOUR + number * 60_000).toISOString(),
  };
}

function noise(seed: number): number {
  const wave = Math.sin(seed * 12.9898) * 43758.5453;
  return wave - Math.floor(wave);
}

function detailOf(runId: string): RunDetail {
  const adapted = PRETRAININGS.find(({ run }) => run.id === runId);
  if (adapted) return pretrainingDetail(adapted);
  const first = STUDIES[0];
  const reports = (of: number) =>
    [0.41, 0.66, 0.79, 0.842, 0.861, 0.858].map((f1, index) => report(of, index + 1, f1));
  if (runId === id(2, 1))
    return detail({ ...trial.final('completed'), queue_id: id(3, 2) }, [attempt(1, 'completed')], reports(1));
  const run = first && runsOf(first).find((candidate) => candidate.id === runId);
  const base = run ?? trial.completed(27, 0.8642);
  const live = base.state === 'running';
  const shown = { ...base, attempt: 2, queue_id: id(3, 1) };
  const attempts = [attempt(1, 'lost'), attempt(2, live ? 'running' : 'completed')];
  return detail(shown, attempts, reports(2).slice(0, live ? 3 : 6));
}

const LOG = Array.from({ length: 240 }, (_, index) =>
  index % 60 === 59
    ? `2026-03-02T09:${String(index % 60).padStart(2, '0')}:07Z WARN  trainer: gradient norm 12.4 clipped to 1`
    : `2026-03-02T09:${String(index % 60).padStart(2, '0')}:04Z INFO  trainer: epoch ${1 + Math.floor(index / 40)} step ${index * 5} loss ${(1 / (1 + index / 20)).toFixed(4)} lr 1.9e-3`,
).join('\n');

function logOf(offset: number) {
  const text = LOG.slice(offset, offset + 4096);
  return { attempt: 2, offset, next_offset: offset + text.length, text };
}
