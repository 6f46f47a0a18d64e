import { QueryClient, QueryObserver } from '@tanstack/react-query';
import { describe, expect, it } from 'vitest';
import { trial } from '../../test/factories.ts';
import { refresh } from './refresh.ts';
import { fetchRuns, merged } from './studyRuns.ts';
import type { Run, RunPage } from './types.ts';

function page(items: Run[], revision: number, all: boolean): RunPage {
  return { items, next: null, total: items.length, revision, all };
}

const held = merged(
  undefined,
  page([trial.completed(1, 0.8), trial.running(2, 0.5), trial.final('waiting')], 5, true),
);

const shown = (runs: Run[]) => runs.map(({ number, state }) => [number, state]);

describe('an answer about changed runs', () => {
  it('replaces known runs in their places and adds new ones in the order of the API', () => {
    const changed = [trial.completed(2, 0.7), trial.waiting(4), trial.waiting(3)];
    const { runs, revision } = merged(held, page(changed, 9, false));
    expect(revision).toBe(9);
    expect(shown(runs)).toEqual([
      [1, 'completed'],
      [2, 'completed'],
      [3, 'waiting'],
      [4, 'waiting'],
      [null, 'waiting'],
    ]);
  });

  it('replaces everything where it holds all runs', () => {
    const { runs } = merged(held, page([trial.completed(1, 0.8)], 9, true));
    expect(shown(runs)).toEqual([[1, 'completed']]);
  });

  it('changes nothing but the revision where it holds no run', () => {
    expect(merged(held, page([], 6, false))).toEqual({ ...held, revision: 6 });
  });
});

describe('the query of the runs', () => {
  const KEY = ['study', 's', 'runs'];

  /** Answers wait until they are let go; each holds the trial of its own number. */
  function stage() {
    const asked: (number | undefined)[] = [];
    const answers: (() => void)[] = [];
    const changedRuns = (_: string, since: number | undefined) => {
      asked.push(since);
      const number = asked.length;
      return new Promise<RunPage>((resolve) => {
        answers.push(() => resolve(page([trial.waiting(number)], number * 10, since === undefined)));
      });
    };
    const client = new QueryClient();
    const observer = new QueryObserver(client, {
      queryKey: KEY,
      queryFn: (context) => fetchRuns('s', context, changedRuns),
      staleTime: Number.POSITIVE_INFINITY,
    });
    observer.subscribe(() => undefined);
    const answer = async () => {
      await settled();
      answers.shift()?.();
      await settled();
    };
    const numbers = () => observer.getCurrentResult().data?.runs.map(({ number }) => number);
    return { asked, client, answer, numbers };
  }

  const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

  it('asks for all runs once, and then for what changed', async () => {
    const { asked, client, answer, numbers } = stage();
    await answer();
    void refresh(client, KEY);
    await answer();
    expect(asked).toEqual([undefined, 10]);
    expect(numbers()).toEqual([1, 2]);
  });

  it('shows each answer although changes come faster, and asks once more for those that came meanwhile', async () => {
    const { asked, client, answer, numbers } = stage();
    void refresh(client, KEY);
    void refresh(client, KEY);
    await answer();
    expect(numbers()).toEqual([1]);
    void refresh(client, KEY);
    void refresh(client, KEY);
    await answer();
    expect(numbers()).toEqual([1, 2]);
    await answer();
    expect(asked).toEqual([undefined, 10, 20]);
    expect(numbers()).toEqual([1, 2, 3]);
  });
});
