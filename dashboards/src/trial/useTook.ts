import { RUN_STATES } from '../api/states.ts';
import type { RunState } from '../api/types.ts';
import { useNow } from '../lib/clock.ts';
import { ABSENT } from '../lib/number.ts';
import { elapsed, span } from '../lib/time.ts';

/** When the newest attempt at a run began and ended. */
interface RunTimes {
  state: RunState;
  startedAt: string | null | undefined;
  endedAt: string | null | undefined;
}

/** How long the newest attempt took, or has taken so far. A waiting run shows nothing, even after an earlier attempt. */
export function useTook({ state, startedAt, endedAt }: RunTimes): string {
  const { live } = RUN_STATES[state];
  const now = useNow(live ? 'second' : 'calm');
  const milliseconds = live || endedAt ? elapsed(startedAt, endedAt, now) : null;
  return milliseconds === null ? ABSENT : span(milliseconds);
}
