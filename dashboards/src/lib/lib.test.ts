import { describe, expect, it } from 'vitest';
import { bytes, energy, quantity, scalar, score } from './number.ts';
import { listOf, parseSearch, stringifySearch } from './search.ts';
import { elapsed, relative, span } from './time.ts';

describe('numbers', () => {
  it('writes parameters as the field does', () => {
    const shown = [3e-5, 0.0021, 0.06, 0.1234567, 16, 0, true, 'linear', undefined].map(scalar);
    expect(shown).toEqual(['3e-5', '2.1e-3', '0.06', '0.1235', '16', '0', 'true', 'linear', '–']);
  });

  it('writes scores, losses and sizes', () => {
    expect([score(0.8241), score(null), quantity(1.21), quantity(2410), quantity(0.00012)]).toEqual([
      '0.824',
      '–',
      '1.210',
      '2,410',
      '1.2e-4',
    ]);
    expect([bytes(640), bytes(1_187_432), bytes(3_980_000_000)]).toEqual(['640 B', '1.2 MB', '4.0 GB']);
    expect([energy(5400), energy(9_000_000)]).toEqual(['1.5 Wh', '2.50 kWh']);
    expect(quantity(Number.NaN)).toBe('NaN');
  });
});

describe('times', () => {
  const now = Date.parse('2026-03-02T12:00:00Z');

  it('are relative', () => {
    expect(relative('2026-03-02T11:59:58Z', now)).toBe('now');
    expect(relative('2026-03-02T11:57:00Z', now)).toBe('3 min. ago');
    expect(relative('2026-03-02T12:00:20Z', now)).toBe('in 20 sec.');
    expect(relative('2024-03-02T12:00:00Z', now)).toBe('2 yr. ago');
  });

  it('have spans, which last until now where there is no end yet', () => {
    expect([800, 42_000, 192_000, 7_440_000, 277_200_000].map(span)).toEqual([
      '0.8 s',
      '42 s',
      '3 min 12 s',
      '2 h 04 min',
      '3 d 05 h',
    ]);
    expect(elapsed('2026-03-02T11:59:00Z', null, now)).toBe(60_000);
    expect(elapsed(null, null, now)).toBeNull();
  });
});

describe('search parameters', () => {
  it('are read back from an address as they were written', () => {
    const text = stringifySearch({ state: ['failed', 'pruned'], sort: '-param.lr', gone: undefined });
    expect(text).toBe('?state=failed,pruned&sort=-param.lr');
    const read = parseSearch(text);
    expect(read).toEqual({ state: 'failed,pruned', sort: '-param.lr' });
    expect(listOf(read.state, ['pruned', 'running', 'failed'])).toEqual(['pruned', 'failed']);
  });
});
