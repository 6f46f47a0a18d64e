/** The current time as React state: one shared interval per period, running only while a component uses it. */
import { useSyncExternalStore } from 'react';

class Ticker {
  private readonly viewers = new Set<() => void>();
  private timer: ReturnType<typeof setInterval> | undefined;
  private now = Date.now();

  constructor(private readonly period: number) {}

  readonly read = () => this.now;

  readonly subscribe = (viewer: () => void) => {
    this.viewers.add(viewer);
    this.now = Date.now();
    this.timer ??= setInterval(this.tick, this.period);
    return () => {
      this.viewers.delete(viewer);
      if (this.viewers.size > 0) return;
      clearInterval(this.timer);
      this.timer = undefined;
    };
  };

  private readonly tick = () => {
    this.now = Date.now();
    if (!document.hidden) for (const viewer of this.viewers) viewer();
  };
}

const SECONDS = new Ticker(1000);
const CALM = new Ticker(15_000);

/** Milliseconds since the epoch, renewed each second where something visibly runs, else each 15 seconds. */
export function useNow(pace: 'second' | 'calm' = 'calm'): number {
  const ticker = pace === 'second' ? SECONDS : CALM;
  return useSyncExternalStore(ticker.subscribe, ticker.read, ticker.read);
}
