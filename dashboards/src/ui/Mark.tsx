/** Marks of states: each tone has a shape of its own, so that colour is never the only sign. */
import type { ReactElement } from 'react';
import type { Tone } from '../api/states.ts';
import styles from './Badge.module.css';

const SHAPES: Record<Tone, ReactElement> = {
  idle: <circle cx="6" cy="6" r="4" fill="none" stroke="currentColor" strokeWidth="1.6" />,
  prepare: (
    <>
      <circle cx="6" cy="6" r="4" fill="none" stroke="currentColor" strokeWidth="1.6" />
      <path d="M6 2a4 4 0 0 1 0 8z" fill="currentColor" />
    </>
  ),
  live: <path d="M3 1.8v8.4L10.2 6z" fill="currentColor" />,
  done: <circle cx="6" cy="6" r="4.6" fill="currentColor" />,
  pruned: <path d="M6 .8 11.2 6 6 11.2.8 6z" fill="currentColor" />,
  failed: <path d="m2 2 8 8m0-8-8 8" stroke="currentColor" strokeWidth="2.2" strokeLinecap="round" />,
  stopped: <rect x="2" y="2" width="8" height="8" rx="1" fill="currentColor" />,
};

export function Mark({ tone }: { tone: Tone }) {
  return (
    <svg className={styles.mark} data-tone={tone} viewBox="0 0 12 12" aria-hidden="true">
      {SHAPES[tone]}
    </svg>
  );
}
