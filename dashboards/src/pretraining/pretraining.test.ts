import { describe, expect, it } from 'vitest';
import { attempt } from '../../test/factories.ts';
import { adapting, heldOut, pretraining, pretrainingReport } from '../../test/pretrainingFactories.ts';
import { maskedLossModel, perplexityModel } from '../charts/pretraining.model.ts';
import {
  change,
  comparisons,
  energySpent,
  holdOf,
  isPaused,
  perplexityOf,
  progressOf,
  resourcesOf,
} from './pretraining.model.ts';

describe('the progress of a pretraining', () => {
  it('is that of the newest epoch of the newest attempt, and the result at the end', () => {
    const { waiting, running, completed } = pretraining;
    expect(progressOf(adapting(running('bio', 1)))).toMatchObject({ steps: 500, epoch: 2 });
    expect(progressOf(adapting(completed('bio', 1)))).toMatchObject({
      steps: 1000,
      heldOut: { pseudo_perplexity: 980 },
    });
    expect(progressOf(adapting(waiting('bio', 1)))).toBeUndefined();
  });

  it('is paused by a hold of its entry or of its run, until it ends', () => {
    const { waiting, running, completed } = pretraining;
    const [held, ended] = [running('a', 1), completed('b', 2)].map((it) => ({ ...it, hold: 'now' as const }));
    const stopped = waiting('c', 3);
    stopped.run.paused = true;
    const all = [held, ended, stopped, running('d', 4)];
    expect(all.map((it) => it && [isPaused(it), holdOf(it)])).toEqual([
      [true, 'paused; started runs are handed back'],
      [false, undefined],
      [true, 'its run is paused'],
      [false, 'not paused'],
    ]);
  });

  it('is listed as the scores before and after, or as the best so far', () => {
    const { waiting, running, completed } = pretraining;
    expect([waiting('a', 1), running('b', 2), completed('c', 3)].map(perplexityOf)).toEqual([
      undefined,
      '1,041',
      '1,225 → 980.0',
    ]);
  });
});

describe('before and after', () => {
  it('are compared in percent', () => {
    expect([change(1225, 980), change(0.5, 0.6), change(2, 2)]).toEqual(['−20.0 %', '+20.0 %', '0.0 %']);
    const summary = pretraining.completed('bio', 1).summary;
    expect(summary && comparisons(summary)[0]).toEqual({
      name: 'Pseudo-perplexity',
      before: '1,225',
      after: '980.0',
      change: '−20.0 %',
    });
  });
});

describe('the energy', () => {
  it('is summed over all attempts, and is marked where it is partial or a lower bound', () => {
    const [lost, done] = [attempt(1, 'lost'), attempt(2, 'completed')];
    const counted = { ...done, energy: { joules: 7200, source: 'counter' as const } };
    expect(energySpent([lost, done])).toBeUndefined();
    expect(energySpent([lost, counted])).toEqual({ text: '2.0 Wh', note: '1 of 2 attempts' });
    const bounded = { ...lost, energy: { joules: 3600, source: 'tdp' as const } };
    expect(energySpent([bounded, counted])).toEqual({ text: '3.0 Wh', note: 'at most, all attempts' });
  });
});

describe('what a pretraining asks of a device', () => {
  it('is a phrase', () => {
    const { spec } = pretraining.waiting('bio', 1);
    expect(resourcesOf(spec)).toBe('at least 16 GiB');
    const resources = { gpu_model: 'A100', walltime_s: 7200 };
    expect(resourcesOf({ ...spec, resources })).toBe('A100, at most 2 h 00 min');
    expect(resourcesOf({ ...spec, resources: {} })).toBeUndefined();
  });
});

describe('the curves', () => {
  it('name their last epoch and the scores before', () => {
    const reports = [pretrainingReport(1, 1, 1133), pretrainingReport(1, 2, 1041)];
    expect(perplexityModel(reports, undefined).summary).toBe('After epoch 2: 1,041, lower is better.');
    expect(perplexityModel(reports, heldOut(1225)).summary).toContain('It was 1,225 without the adapter.');
    expect(maskedLossModel(reports).table.rows).toHaveLength(2);
    expect(maskedLossModel([])).toMatchObject({ empty: true, summary: 'No epoch has been reported.' });
  });
});
