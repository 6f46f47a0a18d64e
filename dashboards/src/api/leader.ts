/**
 * One stream per browser, not per tab: HTTP/1.1 allows six connections to an origin, and each open stream holds one.
 * The tab that holds the lock follows the stream and repeats it to the others.
 */
import { type ChangeListener, followChanges, type StreamState, type Surroundings } from './events.ts';
import type { Change } from './types.ts';

type Message =
  | { kind: 'change'; change: Change }
  | { kind: 'resync' }
  | { kind: 'state'; state: StreamState }
  | { kind: 'who-leads' };

const NAME = 'pedigree-changes';

const browser: Surroundings = {
  open: (url) => new EventSource(url),
  after: (milliseconds, call) => {
    const timer = setTimeout(call, milliseconds);
    return () => clearTimeout(timer);
  },
};

/** Follows the changes by this tab's own stream or by the leading tab's. */
export function shareChanges(listener: ChangeListener): () => void {
  // Locks exist only in secure contexts. Over plain HTTP from another host, each tab has its own stream.
  if (!('locks' in navigator)) return followChanges(listener, browser);
  const channel = new BroadcastChannel(NAME);
  const ending = new AbortController();
  channel.onmessage = (event: MessageEvent<Message>) => deliver(event.data, listener);
  channel.postMessage({ kind: 'who-leads' } satisfies Message);
  const lead = () => leadUntil(ending.signal, channel, listener);
  navigator.locks.request(NAME, { signal: ending.signal }, lead).catch((cause: unknown) => {
    if (!ending.signal.aborted) throw cause;
  });
  return () => {
    ending.abort();
    channel.close();
  };
}

function leadUntil(end: AbortSignal, channel: BroadcastChannel, listener: ChangeListener): Promise<void> {
  let state: StreamState = 'connecting';
  const tell = (message: Message) => {
    deliver(message, listener);
    channel.postMessage(message);
  };
  channel.onmessage = (event: MessageEvent<Message>) => {
    if (event.data.kind === 'who-leads') channel.postMessage({ kind: 'state', state } satisfies Message);
  };
  const stop = followChanges(
    {
      onChange: (change) => tell({ kind: 'change', change }),
      onResync: () => tell({ kind: 'resync' }),
      onState: (now) => {
        state = now;
        tell({ kind: 'state', state });
      },
    },
    browser,
  );
  return new Promise((resolve) => {
    end.addEventListener('abort', () => {
      stop();
      resolve();
    });
  });
}

function deliver(message: Message, listener: ChangeListener): void {
  if (message.kind === 'change') listener.onChange(message.change);
  if (message.kind === 'resync') listener.onResync();
  if (message.kind === 'state') listener.onState(message.state);
}
