/** Workers as the page shows them: how each is, in which order, and the fleet as a whole. */
import type { Tone } from '../api/states.ts';
import type { DeviceRecord, Worker } from '../api/types.ts';

export type WorkerState = 'live' | 'draining' | 'drained' | 'lost' | 'gone';

export const WORKER_STATES: Record<WorkerState, { label: string; tone: Tone; note: string | undefined }> = {
  live: { label: 'live', tone: 'done', note: undefined },
  draining: {
    label: 'draining',
    tone: 'prepare',
    note: 'It is given nothing new; what runs comes to its end.',
  },
  drained: { label: 'drained', tone: 'stopped', note: 'It is given nothing new until it is resumed.' },
  lost: {
    label: 'lost',
    tone: 'failed',
    note: 'Nothing was heard from it for longer than a lease lasts; its runs go to others.',
  },
  gone: { label: 'gone', tone: 'idle', note: undefined },
};

/** A worker that nothing is heard from is lost while runs still count as its own, and gone after that. */
export function workerState(worker: Worker): WorkerState {
  const holds = worker.devices.some((record) => record.run_id != null);
  if (!worker.alive) return holds ? 'lost' : 'gone';
  if ((worker.hold ?? 'none') === 'none') return 'live';
  return holds ? 'draining' : 'drained';
}

/** What of a draining worker's runs becomes, where it is not that they end. */
export function noteOf(worker: Worker): string | undefined {
  const state = workerState(worker);
  if (state === 'draining' && worker.hold === 'now')
    return 'It is given nothing new; what runs is handed back.';
  return WORKER_STATES[state].note;
}

/** Those that are here by name, and those that are gone, newest first. */
export function sorted(workers: Worker[]): { here: Worker[]; gone: Worker[] } {
  const isGone = (worker: Worker) => workerState(worker) === 'gone';
  const byName = (a: Worker, b: Worker) =>
    a.name.localeCompare(b.name, 'en', { numeric: true }) || a.id.localeCompare(b.id);
  return {
    here: workers.filter((worker) => !isGone(worker)).sort(byName),
    gone: workers.filter(isGone),
  };
}

export interface Devices {
  total: number;
  inUse: number;
  /** Neither in use nor free. */
  withheld: number;
}

export interface FleetSummary {
  live: number;
  draining: number;
  lost: number;
  gpus: Devices;
  cpus: Devices;
  /** What the GPUs draw, watts; undefined where none tells it. */
  power: number | undefined;
  /** What those may draw, watts. */
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

/** MIG instances of one GPU all show its power: it counts once. */
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
