/** A device as a table row: its state and the reason, the run that holds it, and what NVML shows. */
import type { Tone } from '../api/states.ts';
import type { DeviceRecord, GpuReading, Holder, Worker } from '../api/types.ts';
import { runName } from '../trial/runName.ts';
import { WORKER_STATES, workerState } from './worker.model.ts';

const GIB = 2 ** 30;

/** A part of a whole, drawn as a bar beside its text. */
export interface Share {
  text: string;
  percent: number;
}

export interface DeviceRow {
  uuid: string;
  name: string;
  label: string;
  tone: Tone;
  /** Why it is not given work. */
  why: string | undefined;
  /** A user may take it back into use. */
  quarantined: boolean;
  run: { id: string; text: string } | undefined;
  gpu: GpuRow | undefined;
}

/** What NVML shows; a value that it does not tell is undefined. */
export interface GpuRow {
  /** The GPU of a MIG instance; temperature, power, errors and incidents are then the whole GPU's. */
  instanceOf: string | undefined;
  memory: Share | undefined;
  load: Share | undefined;
  temperature: string | undefined;
  power: string | undefined;
  /** Processes that compute on it. */
  processes: string | undefined;
  /** Uncorrectable memory errors. */
  errors: { text: string; any: boolean } | undefined;
  incident: { text: string; at: string } | undefined;
}

export function deviceRow(worker: Worker, record: DeviceRecord): DeviceRow {
  const { device, quarantine, run_id: run, holder, shown } = record;
  return {
    uuid: device.uuid,
    name: device.name,
    ...stateOf(worker, record),
    quarantined: worker.alive && quarantine != null,
    run: run == null ? undefined : { id: run, text: holder ? holderName(holder) : 'a run' },
    gpu: shown ? gpuRow(shown.reading, shown.read_at, device.memory_bytes ?? undefined) : undefined,
  };
}

/** `Trial 3 of ncbi-minilm`, `Pretraining bio`. */
export function holderName(holder: Holder): string {
  const name = runName(holder);
  return holder.kind === 'dapt' ? `${name} ${holder.queue_name}` : `${name} of ${holder.queue_name}`;
}

/** The time of the oldest reading of the worker's GPUs; undefined without a reading. */
export function readAt({ devices }: Worker): string | undefined {
  const times = devices.flatMap(({ shown }) => shown?.read_at ?? []);
  return times.reduce<string | undefined>(
    (oldest, at) => (oldest === undefined || at < oldest ? at : oldest),
    undefined,
  );
}

/** The first reason that keeps the device from work decides. */
function stateOf(worker: Worker, record: DeviceRecord): Pick<DeviceRow, 'label' | 'tone' | 'why'> {
  const state = workerState(worker);
  if (!worker.alive) return { ...shownAs(state), why: undefined };
  if (record.quarantine != null) return { label: 'out of use', tone: 'failed', why: record.quarantine };
  if (record.device.unavailable != null) {
    return { label: 'not offered', tone: 'pruned', why: record.device.unavailable };
  }
  if (record.run_id != null) return { label: 'in use', tone: 'live', why: undefined };
  if (state !== 'live') return { ...shownAs('drained'), why: undefined };
  return { label: 'free', tone: 'idle', why: undefined };
}

function shownAs(state: keyof typeof WORKER_STATES) {
  const { label, tone } = WORKER_STATES[state];
  return { label, tone };
}

function gpuRow(reading: GpuReading, readAt: string, total: number | undefined): GpuRow {
  const incident = reading.last_incident;
  const { uncorrected_ecc: errors, processes } = reading;
  return {
    instanceOf: reading.parent ?? undefined,
    memory: memoryOf(reading.used_bytes, total),
    load: reading.utilisation_percent == null ? undefined : percent(reading.utilisation_percent),
    temperature: reading.temperature_c == null ? undefined : `${reading.temperature_c} °C`,
    power: powerOf(reading),
    processes: processes == null ? undefined : plural(processes, 'process', 'processes'),
    errors: errors == null ? undefined : { text: plural(errors, 'ECC error'), any: errors > 0 },
    incident: incident ? { text: incident.what, at: before(readAt, incident.seconds_ago) } : undefined,
  };
}

function percent(value: number): Share {
  return { text: `${value} %`, percent: value };
}

function memoryOf(used: number | null | undefined, total: number | undefined): Share | undefined {
  if (used == null) return undefined;
  const gib = (bytes: number) => (bytes / GIB).toFixed(1);
  if (total === undefined || total <= 0) return { text: `${gib(used)} GiB`, percent: 0 };
  return { text: `${gib(used)} of ${gib(total)} GiB`, percent: Math.min(100, (100 * used) / total) };
}

/** `250 of 400 W`. */
function powerOf({ power_w: power, power_limit_w: limit }: GpuReading): string | undefined {
  if (power == null) return undefined;
  return limit == null ? `${Math.round(power)} W` : `${Math.round(power)} of ${Math.round(limit)} W`;
}

function plural(number: number, one: string, many = `${one}s`): string {
  return `${number === 0 ? 'no' : number} ${number === 1 ? one : many}`;
}

function before(instant: string, seconds: number): string {
  return new Date(Date.parse(instant) - 1000 * seconds).toISOString();
}
