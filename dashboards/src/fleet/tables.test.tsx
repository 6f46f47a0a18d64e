import { QueryClient } from '@tanstack/react-query';
import type { RouteComponent } from '@tanstack/react-router';
import { describe, expect, it } from 'vitest';
import { device, workers } from '../../test/fleetFactories.ts';
import { markup, shown } from '../../test/markup.tsx';
import { lists } from '../api/queries.ts';
import { Route } from '../routes/workers.tsx';
import { CpuTable } from './CpuTable.tsx';
import { deviceRow } from './device.model.ts';
import { deviceColumns, GPU_COLUMNS } from './deviceColumns.tsx';
import { GONE_COLUMNS, GoneWorkers } from './GoneWorkers.tsx';
import { GpuTable } from './GpuTable.tsx';

const columns = [...deviceColumns('GPU', undefined), ...GPU_COLUMNS];
const row = (record: ReturnType<typeof device.free>) =>
  shown(columns, deviceRow(workers.live(1, 'a', [record]), record));

describe('the table of GPUs', () => {
  it('shows what holds a GPU and what NVML reports about it', () => {
    const held = device.held(1);
    expect(row(held)).toEqual({
      GPU: `NVIDIA A100-SXM4-80GB ${held.device.uuid}`,
      State: 'in use',
      Run: 'Trial 3 of ncbi-minilm',
      Memory: '29.0 of 80.0 GiB 1 process',
      Load: '97 %',
      Temperature: '71 °C',
      Power: '363 of 400 W',
      Faults: 'no ECC errors',
    });
  });

  it('says why a GPU gets no runs, and offers to take it back into use', () => {
    expect(row(device.quarantined(1)).State).toBe(
      'out of use 3 attempts in a row failed on it; the newest: XID 62 Take back into use',
    );
    expect(row(device.broken(1)).Faults).toMatch(
      /^XID 79 \(the GPU has fallen off the bus\) ?, .* 2 ECC errors$/,
    );
  });

  it('marks readings of the whole GPU of a MIG instance with a star, and explains the star', () => {
    const instance = device.instance(7);
    expect([row(instance).Temperature, row(instance).Power, row(instance).Load]).toEqual([
      '34 °C*',
      '250 of 400 W*',
      '–',
    ]);
    const worker = workers.live(1, 'a', [instance]);
    const html = markup(<GpuTable worker={worker} records={worker.devices} refusal={undefined} />);
    expect(html).toContain('<caption>GPUs of a. * describes the whole GPU');
  });
});

describe('the table of CPU slots', () => {
  it('has only the columns that every device has', () => {
    const worker = workers.live(1, 'a', [device.cpu(0)]);
    const html = markup(<CpuTable worker={worker} records={worker.devices} refusal={undefined} />);
    expect([...html.matchAll(/<th scope="col">([^<]*)</g)].map(([, header]) => header)).toEqual([
      'CPU slot',
      'State',
      'Run',
    ]);
    expect(html).toContain('free');
  });
});

describe('the workers that are gone', () => {
  const gone = workers.silent(4, 'old', [device.free(1), device.free(2), device.cpu(0)]);

  it('are listed with the devices that they offered', () => {
    expect(shown(GONE_COLUMNS, gone)).toMatchObject({
      Worker: 'old',
      Process: '4004',
      Offered: '2 GPUs, 1 CPU slot',
    });
    expect(shown(GONE_COLUMNS, { ...gone, devices: [] }).Offered).toBe('nothing');
  });

  it('are not shown when there are none', () => {
    expect(markup(<GoneWorkers workers={[]} />)).toBe('');
    expect(markup(<GoneWorkers workers={[gone]} />)).toContain('1 worker is gone');
    expect(markup(<GoneWorkers workers={[gone]} partial />)).toContain('1 of the workers shown is gone');
  });
});

describe('the page of workers', () => {
  const WorkersPage: RouteComponent = Route.options.component ?? (() => null);

  it('does not treat its first page as the whole fleet', async () => {
    // The page is a chunk of its own, which must be here before it can be drawn.
    await WorkersPage.preload?.();
    const page = (next: string | null, total: number) => {
      const client = new QueryClient();
      const items = [workers.silent(4, 'old', [device.free(1)])];
      client.setQueryData(lists.workers.queryKey, {
        pages: [{ items, next, total }],
        pageParams: [undefined],
      });
      return markup(<WorkersPage />, client);
    };
    const first = page('c-2', 140);
    expect(first).toContain('1 of 140 shown');
    expect(first).toContain('count only the workers that are shown');
    expect(first).not.toContain('No worker is here');
    const whole = page(null, 1);
    expect(whole).toContain('No worker is here');
    expect(whole).not.toMatch(/Show more|count only/);
  });
});
