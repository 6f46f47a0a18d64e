import { describe, expect, it } from 'vitest';
import { trial } from '../../test/factories.ts';
import { describe as describeDimension } from './space.model.ts';
import { compareScalars, countStates, trialRows } from './trialRows.model.ts';
import { orderOf, readTrialView, sortedBy, withState } from './trialView.ts';

describe('trial rows', () => {
  const rows = trialRows([
    trial.completed(1, 0.8),
    trial.running(2, 0.7),
    trial.failed(3),
    trial.final('running'),
  ]);

  it('leave the final run out and mark values that may still grow', () => {
    expect(rows.map(({ number, value, provisional }) => [number, value, provisional])).toEqual([
      [1, 0.8, false],
      [2, 0.7, true],
      [3, undefined, true],
    ]);
  });

  it('are counted by state', () => {
    expect(Object.fromEntries(countStates(rows))).toEqual({ completed: 1, running: 1, failed: 1 });
  });

  it('sort numbers by size and texts by the numbers in them', () => {
    expect([16, 8, 'r10', 'r9', 32].sort(compareScalars)).toEqual([8, 16, 32, 'r9', 'r10']);
  });
});

describe('the view in the address', () => {
  it('drops what it does not know', () => {
    expect(readTrialView({ state: 'failed,exploded', sort: 7, other: 'x' })).toEqual({ state: ['failed'] });
    expect(readTrialView({ state: '' })).toEqual({});
  });

  it('reads its own writing', () => {
    const view = readTrialView({ state: 'completed,failed', sort: '-value' });
    expect(readTrialView({ ...view })).toEqual(view);
  });

  it('turns on the second click on a header', () => {
    const once = sortedBy({}, 'value', true);
    expect([once.sort, sortedBy(once, 'value', true).sort]).toEqual(['-value', 'value']);
    expect(sortedBy({ sort: '-number' }, 'number', false)).toEqual({});
    expect(orderOf({ sort: '-param.lr' })).toEqual({ column: 'param.lr', descending: true });
  });

  it('shows all when no state is chosen', () => {
    const chosen = withState({ sort: 'value' }, 'failed', true);
    expect(chosen).toEqual({ sort: 'value', state: ['failed'] });
    expect(withState(chosen, 'failed', false)).toEqual({ sort: 'value' });
  });
});

describe('a dimension', () => {
  it('is told as a range with its condition', () => {
    const dimension = describeDimension({
      name: 'momentum',
      domain: { kind: 'float', min: 0.0001, max: 0.5, log: true },
      when: { optimizer: ['sgd', 'nesterov'] },
    });
    expect([dimension.range, dimension.condition]).toEqual([
      '1e-4 … 0.5, log',
      'only where optimizer is sgd or nesterov',
    ]);
  });
});
