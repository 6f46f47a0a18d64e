import { describe, expect, it } from 'vitest';
import { trial } from '../../test/factories.ts';
import { spaceRows } from './space.model.ts';
import { countStates, trialRows } from './trialRows.model.ts';
import { orderOf, readTrialView, sortedBy, withState } from './trialView.ts';

describe('trial rows', () => {
  const rows = trialRows([
    trial.completed(1, 0.8),
    trial.running(2, 0.7),
    trial.failed(3),
    trial.final('running'),
  ]);

  it('leave out the final run and mark the values of unfinished trials', () => {
    expect(rows.map(({ number, value, provisional }) => [number, value, provisional])).toEqual([
      [1, 0.8, false],
      [2, 0.7, true],
      [3, undefined, true],
    ]);
  });

  it('are counted by state', () => {
    expect(Object.fromEntries(countStates(rows))).toEqual({ completed: 1, running: 1, failed: 1 });
  });
});

describe('the view in the address', () => {
  it('drops unknown entries', () => {
    expect(readTrialView({ state: 'failed,exploded', sort: 7, other: 'x' })).toEqual({ state: ['failed'] });
    expect(readTrialView({ state: '' })).toEqual({});
  });

  it('reads what it wrote', () => {
    const view = readTrialView({ state: 'completed,failed', sort: '-value' });
    expect(readTrialView({ ...view })).toEqual(view);
  });

  it('reverses the order on the second click on a header', () => {
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

describe('a space', () => {
  it('has a row for each searched parameter, with its condition, then the fixed ones', () => {
    const momentum = {
      name: 'momentum',
      domain: { kind: 'float' as const, min: 0.0001, max: 0.5, log: true },
      when: { optimizer: ['sgd', 'nesterov'] },
    };
    const batch = { name: 'batch_size', domain: { kind: 'ordinal' as const, values: [8, 16] } };
    expect(spaceRows({ parameters: [momentum, batch], fixed: { lora_r: 4 } })).toEqual([
      { name: 'momentum', range: '1e-4 … 0.5, log', note: 'only where optimizer is sgd or nesterov' },
      { name: 'batch_size', range: '8, 16', note: 'ordinal' },
      { name: 'lora_r', range: '4', note: 'fixed' },
    ]);
  });
});
