/** Workers and their devices for tests and for development without a coordinator. */
import type { DeviceRecord, GpuReading, Holder, Worker } from '../src/api/types.ts';
import { at, id } from './factories.ts';

const GIB = 2 ** 30;

export function reading(uuid: string, more: Partial<GpuReading> = {}): GpuReading {
  return {
    uuid,
    used_bytes: 4 * GIB,
    processes: 0,
    utilisation_percent: 0,
    temperature_c: 34,
    power_w: 61.4,
    power_limit_w: 400,
    uncorrected_ecc: 0,
    ...more,
  };
}

function gpu(number: number, shown: Partial<GpuReading>, more: Partial<DeviceRecord> = {}): DeviceRecord {
  const uuid = shown.uuid ?? `GPU-5b1f9a3e-77c1-4d10-9f3e-2b8a6c90d1e${number}`;
  return {
    device: {
      uuid,
      kind: 'gpu',
      name: 'NVIDIA A100-SXM4-80GB',
      memory_bytes: 80 * GIB,
      unavailable: null,
    },
    run_id: null,
    attempt: null,
    shown: { read_at: at(0), reading: reading(uuid, shown) },
    ...more,
  };
}

export function holder(more: Partial<Holder> = {}): Holder {
  return { queue_name: 'ncbi-minilm', kind: 'trial', number: 3, ...more };
}

/** One named method for each state of a device. */
export const device = {
  free: (number: number) => gpu(number, {}),
  held: (number: number, by: Holder = holder()) =>
    gpu(
      number,
      { used_bytes: 29 * GIB, processes: 1, utilisation_percent: 97, temperature_c: 71, power_w: 363.2 },
      { run_id: id(1, number), attempt: 1, holder: by },
    ),
  occupied: (number: number) => {
    const record = gpu(number, { used_bytes: 30 * GIB, processes: 1 });
    record.device.unavailable = 'process 4242 computes on it';
    return record;
  },
  broken: (number: number) => {
    const what = 'XID 79 (the GPU has fallen off the bus)';
    const record = gpu(number, { uncorrected_ecc: 2, last_incident: { what, xid: 79, seconds_ago: 90 } });
    record.device.unavailable = `${what}; reset the GPU or its host`;
    return record;
  },
  quarantined: (number: number) =>
    gpu(number, {}, { quarantine: '3 attempts in a row failed on it; the newest: XID 62' }),
  instance: (number: number) =>
    gpu(number, {
      uuid: `MIG-33333333-0000-5000-8000-00000000000${number}`,
      parent: 'GPU-33333333-0000-4000-8000-000000000003',
      utilisation_percent: null,
      power_w: 250,
    }),
  cpu: (number: number, more: Partial<DeviceRecord> = {}): DeviceRecord => ({
    device: {
      uuid: `CPU-${id(5, 1)}-${number}`,
      kind: 'cpu',
      name: 'CPU slot',
      memory_bytes: null,
      unavailable: null,
    },
    run_id: null,
    attempt: null,
    ...more,
  }),
};

function worker(number: number, name: string, devices: DeviceRecord[], more: Partial<Worker> = {}): Worker {
  return {
    id: id(5, number),
    name,
    pid: 4000 + number,
    version: '0.1.0',
    created_at: at(-5),
    last_seen_at: at(0),
    alive: true,
    hold: 'none',
    available_until: null,
    devices,
    ...more,
  };
}

export const workers = {
  live: (number: number, name: string, devices: DeviceRecord[]) => worker(number, name, devices),
  draining: (number: number, name: string, devices: DeviceRecord[]) =>
    worker(number, name, devices, { hold: 'finish' }),
  silent: (number: number, name: string, devices: DeviceRecord[]) =>
    worker(number, name, devices, { alive: false, last_seen_at: at(-3) }),
};
