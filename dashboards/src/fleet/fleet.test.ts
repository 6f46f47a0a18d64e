import { describe, expect, it } from 'vitest';
import { at } from '../../test/factories.ts';
import { device, holder, reading, workers } from '../../test/fleetFactories.ts';
import { deviceRow, holderName, readAt } from './device.model.ts';
import { hereAndGone, noteOf, summarise, tokenTrouble, workerState } from './worker.model.ts';

const { live, draining, silent } = workers;

describe('a worker', () => {
  it('is lost while it still has runs, and gone after that', () => {
    const states = [
      live(1, 'a', [device.held(1)]),
      draining(2, 'b', [device.held(1)]),
      draining(3, 'c', [device.free(1)]),
      silent(4, 'd', [device.held(1)]),
      silent(5, 'e', [device.free(1)]),
    ].map(workerState);
    expect(states).toEqual(['live', 'draining', 'drained', 'lost', 'gone']);
  });

  it('says what happens to its runs when it is drained', () => {
    const worker = draining(1, 'a', [device.held(1)]);
    expect(noteOf(worker)).toContain('go on to their end');
    expect(noteOf({ ...worker, hold: 'now' })).toContain('handed back');
    expect(noteOf(live(1, 'a', []))).toBeUndefined();
  });

  it('says that its token is refused or will be', () => {
    const worker = live(1, 'a', []);
    const told = (token: typeof worker.token) => tokenTrouble({ ...worker, token });
    const expires_at = '2026-12-01T08:30:00Z';
    expect(told(undefined)).toBeUndefined();
    expect(told({ name: 'gpu', state: 'live', expires_at })).toBeUndefined();
    expect(told({ name: 'gpu', state: 'expiring', expires_at })).toBe(
      'Its token gpu expires at 2026-12-01 08:30 UTC.',
    );
    expect(told({ name: 'gpu', state: 'expired', expires_at })).toContain('expired at 2026-12-01 08:30 UTC');
    expect(told({ name: 'gpu', state: 'revoked' })).toContain('was revoked');
  });

  it('is listed under its name, apart from workers that are gone', () => {
    const { here, gone } = hereAndGone([
      live(1, 'gpu-10', []),
      silent(2, 'old', []),
      live(3, 'gpu-9', []),
      silent(4, 'gpu-7', [device.held(1)]),
    ]);
    expect([here, gone].map((list) => list.map(({ name }) => name))).toEqual([
      ['gpu-7', 'gpu-9', 'gpu-10'],
      ['old'],
    ]);
  });
});

describe('the fleet', () => {
  it('counts the devices of workers that are alive', () => {
    const summary = summarise([
      live(1, 'a', [device.held(1), device.free(2), device.occupied(3), device.quarantined(4)]),
      draining(2, 'b', [device.cpu(0)]),
      silent(3, 'c', [device.held(5)]),
    ]);
    expect(summary).toMatchObject({ live: 1, draining: 1, lost: 1 });
    expect(summary.gpus).toEqual({ total: 4, inUse: 1, withheld: 2 });
    expect(summary.cpus).toEqual({ total: 1, inUse: 0, withheld: 0 });
  });

  it('counts the power of a GPU once for all of its instances, and has no limit where a GPU reports none', () => {
    const divided = live(1, 'a', [device.instance(7), device.instance(8), device.free(1)]);
    expect(summarise([divided])).toMatchObject({ power: 250 + 61.4, limit: 800 });
    const unlimited = device.free(2);
    if (unlimited.shown) unlimited.shown.reading = reading('GPU-x', { power_limit_w: null });
    expect(summarise([live(1, 'a', [unlimited])])).toMatchObject({ power: 61.4, limit: undefined });
    expect(summarise([live(1, 'a', [device.cpu(0)])]).power).toBeUndefined();
  });
});

describe('a device', () => {
  const on = (record: ReturnType<typeof device.free>) => deviceRow(live(1, 'a', [record]), record);

  it('says its state, and why it gets no runs', () => {
    const shown = [device.free(1), device.held(1), device.occupied(1), device.quarantined(1)].map(on);
    expect(shown.map(({ label, why }) => [label, why])).toEqual([
      ['free', undefined],
      ['in use', undefined],
      ['not offered', 'process 4242 computes on it'],
      ['out of use', '3 attempts in a row failed on it; the newest: XID 62'],
    ]);
    expect(shown.map(({ quarantined }) => quarantined)).toEqual([false, false, false, true]);
  });

  it('is neither free nor in use while its worker is drained or silent', () => {
    const [free, held] = [device.free(1), device.held(2)];
    expect(deviceRow(draining(1, 'a', [free]), free).label).toBe('drained');
    expect(deviceRow(silent(1, 'a', [free, held]), held)).toMatchObject({
      label: 'lost',
      run: { text: 'Trial 3 of ncbi-minilm' },
    });
  });

  it('names what holds it', () => {
    expect(holderName(holder({ kind: 'final', number: null }))).toBe('Final run of ncbi-minilm');
    expect(holderName(holder({ kind: 'dapt', number: null, queue_name: 'bio' }))).toBe('Pretraining bio');
  });

  it('shows what NVML reports, and leaves out the rest', () => {
    expect(on(device.held(1)).gpu).toMatchObject({
      memory: { text: '29.0 of 80.0 GiB', percent: 36.25 },
      load: { text: '97 %', percent: 97 },
      temperature: '71 °C',
      power: '363 of 400 W',
      processes: '1 process',
      errors: { text: 'no ECC errors', any: false },
      incident: undefined,
    });
    expect(on(device.broken(1)).gpu).toMatchObject({
      errors: { text: '2 ECC errors', any: true },
      incident: { text: 'XID 79 (the GPU has fallen off the bus)', at: at(-1.5) },
    });
    expect(readAt(live(1, 'a', [device.cpu(0), device.free(1)]))).toBe(at(0));
    expect(readAt(live(1, 'a', [device.cpu(0)]))).toBeUndefined();
    const silentNvml = device.free(1);
    if (silentNvml.shown) silentNvml.shown.reading = { uuid: silentNvml.device.uuid };
    const gpu = on(silentNvml).gpu;
    expect([gpu?.memory, gpu?.load, gpu?.temperature, gpu?.power, gpu?.errors]).toEqual(
      Array(5).fill(undefined),
    );
    expect(on(device.cpu(0)).gpu).toBeUndefined();
    expect(on(device.instance(7)).gpu?.instanceOf).toMatch(/^GPU-3/);
  });
});
