import { describe, expect, it } from 'vitest';
import { report, trial } from '../../test/factories.ts';
import { trialRows } from '../study/trialRows.model.ts';
import { lossModel, scoreModel } from './curves.model.ts';
import { bestSoFar, bounds, historyModel } from './history.model.ts';
import type { Palette } from './model.ts';

const palette: Palette = {
  ink: '#000',
  muted: '#666',
  line: '#ccc',
  surface: '#fff',
  accent: '#066',
  series: ['#00f', '#f80'],
  tones: { idle: '', prepare: '', live: '', done: '', pruned: '', failed: '', stopped: '' },
  font: 'sans-serif',
};
const rows = trialRows([
  trial.completed(2, 0.6),
  trial.completed(1, 0.7),
  trial.running(3, 0.9),
  trial.completed(4, 0.8),
  trial.failed(5),
]);

describe('history', () => {
  it('draws the best completed value so far, by trial number and the goal', () => {
    expect(bestSoFar(rows, 'maximize').map((step) => step.best)).toEqual([0.7, 0.7, 0.7, 0.8, 0.8]);
    expect(bestSoFar(rows, 'minimize').map((step) => step.best)).toEqual([0.7, 0.6, 0.6, 0.6, 0.6]);
  });

  it('says how many trials it shows, and hides none', () => {
    const model = historyModel(rows, 'maximize');
    expect(model.summary).toBe(
      '1 running, 3 completed, 1 failed. Best dev F1 0.800, reached at trial 4. 1 without a value is marked on the axis.',
    );
    expect(model.stops.map((stop) => stop.label.split(',')[0])).toEqual(
      [1, 2, 3, 4, 5].map((number) => `Trial ${number}`),
    );
    expect(model.table.rows).toHaveLength(5);
  });

  it('draws one series for each state that occurs, and one line', () => {
    const { series } = historyModel(rows, 'maximize').option(palette) as { series: { name: string }[] };
    expect(series.map(({ name }) => name)).toEqual(['running', 'completed', 'failed', 'best so far']);
  });

  it('says when there is nothing to draw', () => {
    expect(historyModel([], 'maximize')).toMatchObject({ empty: true, summary: 'No trial yet.' });
    expect(bounds([])).toEqual({ low: 0, high: 1 });
    expect(bounds([0.001])).toEqual({ low: 0, high: 0.02 });
  });
});

describe('curves', () => {
  const reports = [report(2, 1, 0.4), report(2, 2, 0.7), report(2, 3, 0.65)];

  it('name the kept epoch', () => {
    expect(scoreModel(reports, 2).summary).toBe('Kept epoch 2: 0.700 strict, 0.691 conlleval.');
    expect(scoreModel(reports, undefined).summary).toBe('After epoch 3: 0.650 strict, 0.641 conlleval.');
    expect(lossModel(reports, 2).table.rows[0]?.cells).toEqual(['1', '1.210', '0.503']);
  });

  it('say when no epoch has been reported', () => {
    expect(lossModel([], undefined)).toMatchObject({ empty: true, summary: 'No epoch has been reported.' });
  });
});
