/**
 * The stream of changes: `X changed at revision n`, never data. A lost or doubled event is therefore harmless.
 * This module knows only the stream; its listener decides what a change makes stale.
 */
import type { Change } from './types.ts';

export type StreamState = 'connecting' | 'open' | 'down';

export interface ChangeListener {
  onChange(change: Change): void;
  /** Anything may have changed. */
  onResync(): void;
  onState(state: StreamState): void;
}

/** The part of an EventSource that is used. */
export interface Source {
  readonly readyState: number;
  addEventListener(kind: string, handler: (event: { data?: unknown }) => void): void;
  close(): void;
}

export interface Surroundings {
  open(url: string): Source;
  /** Calls back once after that many milliseconds; the returned function cancels. */
  after(milliseconds: number, call: () => void): () => void;
}

const STREAM = '/api/v1/events';
const CLOSED = 2;
const REOPEN_AFTER = 2000;

/** Follows the stream until the returned function is called. A resync covers whatever happened while it was not open. */
export function followChanges(listener: ChangeListener, around: Surroundings): () => void {
  let source: Source | undefined;
  let cancelReopening: () => void = () => undefined;

  const open = () => {
    const opened = around.open(STREAM);
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
      // The source mends a broken connection itself; a refused answer closes it for good.
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
