/**
 * The stream of changes: `X changed at revision n`, never data. A lost or doubled event is therefore harmless.
 * Knows the stream alone; what a change makes stale is the listener's affair.
 */
import type { Change } from './types.ts';

export type StreamState = 'connecting' | 'open' | 'down';

export interface ChangeListener {
  onChange(change: Change): void;
  /** Anything may have changed. */
  onResync(): void;
  onState(state: StreamState): void;
}

/** What of an EventSource is used. */
export interface Source {
  readonly readyState: number;
  addEventListener(kind: string, handler: (event: { data?: unknown }) => void): void;
  close(): void;
}

export interface Surroundings {
  open(url: string): Source;
  /** Calls back once after some milliseconds; the answer cancels. */
  after(milliseconds: number, call: () => void): () => void;
}

const URL = '/api/v1/events';
const CLOSED = 2;
const REOPEN_AFTER = 2000;

/** Follows the stream until the answer is called. Whatever happened while it was not open is covered by a resync. */
export function followChanges(listener: ChangeListener, around: Surroundings): () => void {
  let source: Source | undefined;
  let cancelReopening: () => void = () => undefined;

  const open = () => {
    const opened = around.open(URL);
    source = opened;
    opened.addEventListener('open', () => {
      listener.onState('open');
      listener.onResync();
    });
    opened.addEventListener('change', (event) => {
      const change = parseChange(event.data);
      if (change) listener.onChange(change);
      else listener.onResync();
    });
    opened.addEventListener('resync', () => listener.onResync());
    opened.addEventListener('error', () => {
      listener.onState('down');
      // A refused answer closes the source for good; a broken connection it mends itself.
      if (opened.readyState !== CLOSED || source !== opened) return;
      source = undefined;
      cancelReopening = around.after(REOPEN_AFTER, open);
    });
  };

  open();
  return () => {
    cancelReopening();
    source?.close();
  };
}

function parseChange(data: unknown): Change | undefined {
  try {
    const change: unknown = JSON.parse(String(data));
    return typeof change === 'object' && change !== null && 'topic' in change
      ? (change as Change)
      : undefined;
  } catch {
    return undefined;
  }
}
