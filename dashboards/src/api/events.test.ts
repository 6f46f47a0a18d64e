import { describe, expect, it } from 'vitest';
import { type ChangeListener, followChanges, type Source, type Surroundings } from './events.ts';
import { staleKeys } from './queries.ts';
import type { Change } from './types.ts';

class FakeSource implements Source {
  readyState = 0;
  closed = false;
  private readonly handlers = new Map<string, ((event: { data?: unknown }) => void)[]>();

  addEventListener(kind: string, handler: (event: { data?: unknown }) => void) {
    this.handlers.set(kind, [...(this.handlers.get(kind) ?? []), handler]);
  }

  close() {
    this.closed = true;
  }

  say(kind: string, data?: string) {
    for (const handler of this.handlers.get(kind) ?? []) handler({ data });
  }
}

function stage() {
  const sources: FakeSource[] = [];
  const heard: string[] = [];
  const waiting: (() => void)[] = [];
  const around: Surroundings = {
    open: () => {
      const source = new FakeSource();
      sources.push(source);
      return source;
    },
    after: (_, call) => {
      waiting.push(call);
      return () => waiting.splice(waiting.indexOf(call), 1);
    },
  };
  const listener: ChangeListener = {
    onChange: (change) => heard.push(`${change.topic} ${change.revision}`),
    onResync: () => heard.push('resync'),
    onState: (state) => heard.push(state),
  };
  const stop = followChanges(listener, around);
  return { sources, heard, waiting, stop };
}

describe('following changes', () => {
  it('resyncs when the stream opens, because changes before it were not heard', () => {
    const { sources, heard } = stage();
    sources[0]?.say('open');
    expect(heard).toEqual(['open', 'resync']);
  });

  it('passes changes on, and resyncs after one that it cannot read', () => {
    const { sources, heard } = stage();
    sources[0]?.say('change', '{"revision":7,"topic":"run"}');
    sources[0]?.say('change', 'nonsense');
    sources[0]?.say('resync');
    expect(heard).toEqual(['run 7', 'resync', 'resync']);
  });

  it('lets the source reconnect, and opens a new source where it gave up', () => {
    const { sources, heard, waiting } = stage();
    const first = sources[0];
    first?.say('error');
    expect([sources.length, waiting.length, heard.at(-1)]).toEqual([1, 0, 'down']);
    if (first) first.readyState = 2;
    first?.say('error');
    expect(waiting).toHaveLength(1);
    waiting[0]?.();
    sources[1]?.say('open');
    expect([sources.length, ...heard.slice(-2)]).toEqual([2, 'open', 'resync']);
  });

  it('stops for good', () => {
    const { sources, waiting, stop } = stage();
    if (sources[0]) sources[0].readyState = 2;
    sources[0]?.say('error');
    stop();
    expect(waiting).toHaveLength(0);
  });
});

describe('what a change makes stale', () => {
  const change = (topic: Change['topic']): Change => ({ revision: 1, topic, queue_id: 'q', run_id: 'r' });

  it('maps topics to keys', () => {
    expect(staleKeys(change('study'))).toEqual([['studies'], ['study', 'q', 'record']]);
    expect(staleKeys(change('pretraining'))).toEqual([['pretrainings'], ['pretraining', 'q']]);
    expect(staleKeys(change('queue'))).toEqual([
      ['studies'],
      ['pretrainings'],
      ['study', 'q', 'record'],
      ['pretraining', 'q'],
    ]);
    expect(staleKeys(change('run'))).toEqual([
      ['studies'],
      ['pretrainings'],
      ['study', 'q', 'record'],
      ['study', 'q', 'runs'],
      ['study', 'q', 'insight'],
      ['pretraining', 'q'],
      ['run', 'r'],
    ]);
    expect(staleKeys(change('fleet'))).toEqual([['workers']]);
    expect(staleKeys(change('log'))).toEqual([]);
  });

  it('ignores a topic of a newer coordinator', () => {
    expect(staleKeys(JSON.parse('{"revision":1,"topic":"weather"}'))).toEqual([]);
  });
});
