/** Workers as the page shows them: the state of each, their order, and the totals of the fleet. */
import type { Tone } from '../api/states.ts';
import type { DeviceRecord, Worker } from '../api/types.ts';

type WorkerState = 'live' | 'draining' | 'drained' | 'lost' | 'gone';

export const WORKER_STATES: Record<WorkerState, { label: string; tone: Tone; note: string | undefined }> = {
  live: { label: 'live', tone: 'done', note: undefined },
  draining: {
    label: 'draining',
    tone: 'prepare',
    note: 'It gets no new runs; its present runs go on to their end.',
  },
  drained: { label: 'drained', tone: 'stopped', note: 'It gets no new runs until it is resumed.' },
  lost: {
    label: 'lost',
    tone: 'failed',
    note: 'It has been silent for longer than a lease lasts; its runs go to other workers.',
  },
  gone: { label: 'gone', tone: 'idle', note: undefined },
};

/** A silent worker is lost while runs still count as its own, and gone after that. */
export function workerState(worker: Worker): WorkerState {
  const holds = worker.devices.some((record) => record.run_id != null);
  if (!worker.alive) return holds ? 'lost' : 'gone';
  if ((worker.hold ?? 'none') === 'none') return 'live';
  return holds ? 'draining' : 'drained';
}

/** What is wrong with the worker's token, or soon will be. */
export function tokenTrouble({ token }: Worker): string | undefined {
  if (token == null || token.state === 'live') return undefined;
  const day = token.expires_at?.slice(0, 16).replace('T', ' ');
  if (token.state === 'revoked') return `Its token ${token.name} was revoked: start it with another one.`;
  if (token.state === 'expired')
    return `Its token ${token.name} expired at ${day} UTC: start it with another one.`;
  return `Its token ${token.name} expires at ${day} UTC.`;
}

/** The sentence beside the worker's state. A worker that drains at once hands its runs back instead of ending them. */
export function noteOf(worker: Worker): string | undefined {
  const state = workerState(worker);
  if (state === 'draining' && worker.hold === 'now')
    return 'It gets no new runs; its present runs are handed back.';
  return WORKER_STATES[state].note;
}

/** The workers that are here, by name, and those that are gone, newest first. */
export function hereAndGone(workers: Worker[]): { here: Worker[]; gone: Worker[] } {
  const isGone = (worker: Worker) => workerState(worker) === 'gone';
  const byName = (a: Worker, b: Worker) =>
    a.name.localeCompare(b.name, 'en', { numeric: true }) || a.id.localeCompare(b.id);
  return {
    here: workers.filter((worker) => !isGone(worker)).sort(byName),
    gone: workers.filter(isGone),
  };
}

/** `2 GPUs, 1 CPU slot`. */
export function offered({ devices }: Worker): string {
  const gpus = devices.filter(({ device }) => device.kind === 'gpu').length;
  const cpus = devices.length - gpus;
  const parts = [
    gpus > 0 && `${gpus} GPU${gpus === 1 ? '' : 's'}`,
    cpus > 0 && `${cpus} CPU slot${cpus === 1 ? '' : 's'}`,
  ];
  return parts.filter(Boolean).join(', ') || 'nothing';
}

export interface Devices {
  total: number;
  inUse: number;
  /** Neither in use nor free. */
  withheld: number;
}

interface FleetSummary {
  live: number;
  draining: number;
  lost: number;
  gpus: Devices;
  cpus: Devices;
  /** Power of the GPUs in watts; undefined where no GPU tells it. */
  power: number | undefined;
  /** Power limit of those GPUs in watts. */
  limit: number | undefined;
}

/** The fleet as a whole. Devices count where their worker is alive. */
export function summarise(workers: Worker[]): FleetSummary {
  const states = workers.map(workerState);
  const records = workers.filter((worker) => worker.alive).flatMap((worker) => worker.devices);
  return {
    live: states.filter((state) => state === 'live').length,
    draining: states.filter((state) => state === 'draining' || state === 'drained').length,
    lost: states.filter((state) => state === 'lost').length,
    gpus: countDevices(records.filter(({ device }) => device.kind === 'gpu')),
    cpus: countDevices(records.filter(({ device }) => device.kind === 'cpu')),
    ...drawn(records),
  };
}

function countDevices(records: DeviceRecord[]): Devices {
  const inUse = records.filter((record) => record.run_id != null).length;
  const isWithheld = ({ run_id, quarantine, device }: DeviceRecord) =>
    run_id == null && (quarantine != null || device.unavailable != null);
  return { total: records.length, inUse, withheld: records.filter(isWithheld).length };
}

/** All MIG instances of a GPU show the power of the whole GPU, which counts once. */
function drawn(records: DeviceRecord[]): Pick<FleetSummary, 'power' | 'limit'> {
  const readings = records.flatMap(({ shown }) => (shown?.reading.power_w == null ? [] : [shown.reading]));
  const whole = [...new Map(readings.map((reading) => [reading.parent ?? reading.uuid, reading])).values()];
  const limited = whole.filter((reading) => reading.power_limit_w != null);
  return {
    power: whole.length === 0 ? undefined : whole.reduce((sum, { power_w }) => sum + (power_w ?? 0), 0),
    limit:
      limited.length < whole.length || whole.length === 0
        ? undefined
        : limited.reduce((sum, { power_limit_w }) => sum + (power_limit_w ?? 0), 0),
  };
}
