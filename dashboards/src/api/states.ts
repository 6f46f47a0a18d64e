/** Every state with its word and its mark. A new state in the API fails to compile here. */
import type { AttemptState, FailureCause, Hold, RunState, StudyState } from './types.ts';

/** Colour and shape of a mark; the word beside it carries the meaning. */
export type Tone = 'idle' | 'prepare' | 'live' | 'done' | 'pruned' | 'failed' | 'stopped';

interface Shown {
  label: string;
  tone: Tone;
}

export const RUN_STATES: Record<RunState, Shown & { live: boolean }> = {
  waiting: { label: 'waiting', tone: 'idle', live: false },
  leased: { label: 'leased', tone: 'prepare', live: true },
  running: { label: 'running', tone: 'live', live: true },
  completed: { label: 'completed', tone: 'done', live: false },
  pruned: { label: 'pruned', tone: 'pruned', live: false },
  failed: { label: 'failed', tone: 'failed', live: false },
  cancelled: { label: 'cancelled', tone: 'stopped', live: false },
};

export const STUDY_STATES: Record<StudyState, Shown & { live: boolean }> = {
  searching: { label: 'searching', tone: 'live', live: true },
  finishing: { label: 'final runs', tone: 'prepare', live: true },
  testing: { label: 'test run', tone: 'prepare', live: true },
  completed: { label: 'completed', tone: 'done', live: false },
  failed: { label: 'failed', tone: 'failed', live: false },
  cancelled: { label: 'cancelled', tone: 'stopped', live: false },
};

export const ATTEMPT_STATES: Record<AttemptState, Shown & { live: boolean }> = {
  leased: { label: 'leased', tone: 'prepare', live: true },
  running: { label: 'running', tone: 'live', live: true },
  completed: { label: 'completed', tone: 'done', live: false },
  failed: { label: 'failed', tone: 'failed', live: false },
  lost: { label: 'lease lost', tone: 'failed', live: false },
  released: { label: 'handed back', tone: 'stopped', live: false },
  cancelled: { label: 'cancelled', tone: 'stopped', live: false },
  pruned: { label: 'pruned', tone: 'pruned', live: false },
};

export const FAILURE_CAUSES: Record<FailureCause, string> = {
  oom: 'out of memory',
  host: 'fault of the host',
  diverged: 'diverged',
  invalid_input: 'invalid input',
  crashed: 'crashed',
  lost: 'lost',
  device: 'GPU failed',
  invalid_job: 'job refused',
  timeout: 'timed out',
};

/** Whether an entry of the queue is paused. */
export const HOLDS: Record<Hold, string> = {
  none: 'not paused',
  finish: 'paused; started runs finish',
  now: 'paused; started runs are handed back',
};

export const RUN_STATE_NAMES = Object.keys(RUN_STATES) as RunState[];
