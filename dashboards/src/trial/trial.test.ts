import { describe, expect, it } from 'vitest';
import type { LogSlice, SuggestionRecord } from '../api/types.ts';
import { append, CAPACITY, EMPTY_LOG, LogFollower, type LogView } from './log.model.ts';
import { viewOf } from './suggestion.model.ts';

const slice = (offset: number, text: string): LogSlice => ({
  attempt: 1,
  offset,
  next_offset: offset + text.length,
  text,
});

describe('a log', () => {
  it('joins a line that two slices share, and drops a doubled slice', () => {
    const once = append(append(EMPTY_LOG, slice(0, 'one\r\ntw')), slice(7, 'o\nthr'));
    expect(once).toEqual({ lines: ['one', 'two'], first: 1, rest: 'thr', offset: 12 });
    expect(append(once, slice(7, 'o\nthr'))).toBe(once);
  });

  it('keeps the newest lines under their own numbers', () => {
    const many = append(EMPTY_LOG, slice(0, 'line\n'.repeat(CAPACITY + 3)));
    expect([many.lines.length, many.first]).toEqual([CAPACITY, 4]);
  });
});

describe('following a log', () => {
  it('asks until there is no more, and asks again after a pull meanwhile', async () => {
    const texts = ['a\n', 'b\n', ''];
    const offsets: number[] = [];
    const views: LogView[] = [];
    const fetch = async (offset: number) => {
      offsets.push(offset);
      return slice(offset, texts.shift() ?? '');
    };
    const follower = new LogFollower(fetch, (view) => views.push(view));
    const pulled = follower.pull();
    void follower.pull();
    await pulled;
    expect(offsets).toEqual([0, 2, 4]);
    expect(views.at(-1)?.buffer.lines).toEqual(['a', 'b']);
  });

  it('keeps its lines when a request fails, and goes on from there', async () => {
    const answers: (LogSlice | Error)[] = [slice(0, 'a\n'), new Error('gone'), slice(2, 'b\n'), slice(4, '')];
    const views: LogView[] = [];
    const fetch = async () => {
      const next = answers.shift();
      if (next instanceof Error || next === undefined) throw next ?? new Error('asked too often');
      return next;
    };
    const follower = new LogFollower(fetch, (view) => views.push(view));
    await follower.pull();
    expect(views.at(-1)).toMatchObject({ error: 'gone', buffer: { lines: ['a'] } });
    await follower.pull();
    expect(views.at(-1)).toMatchObject({ error: undefined, buffer: { lines: ['a', 'b'] } });
  });
});

describe('a suggestion', () => {
  it('shows what the sampler saw, with trial numbers as ranges', () => {
    const record: SuggestionRecord = {
      sampler: 'tpe',
      version: 1,
      seed: 13,
      number: 8,
      finished: [[1, 4], 7],
      pending: [5],
      startup: true,
    };
    expect(viewOf(record)).toEqual({
      kind: 'suggested',
      suggestion: {
        sampler: 'tpe, version 1',
        seed: 13,
        finished: { count: 5, ranges: '1–4, 7' },
        pending: { count: 1, ranges: '5' },
        skipped: { count: 0, ranges: '' },
        startup: true,
      },
    });
  });

  it('has another source, none, or an unreadable record', () => {
    expect(viewOf({ sampler: 'enqueued', key: 'a', number: 4 })).toEqual({ kind: 'given', key: 'a' });
    expect(viewOf(null)).toBeUndefined();
    const why = 'missing field `version`';
    const unreadable = { unreadable: why, record: { sampler: 'tpe' } };
    expect(viewOf(unreadable)).toEqual({ kind: 'unreadable', why });
  });
});
