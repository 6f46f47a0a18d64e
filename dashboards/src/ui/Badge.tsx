import type { ReactNode } from 'react';
import type { Tone } from '../api/states.ts';
import styles from './Badge.module.css';
import { Mark } from './Mark.tsx';

export function StateBadge({ label, tone }: { label: string; tone: Tone }) {
  return (
    <span className={styles.state}>
      <Mark tone={tone} />
      {label}
    </span>
  );
}

export function Tag({ children, title }: { children: ReactNode; title?: string }) {
  return (
    <span className={styles.tag} title={title}>
      {children}
    </span>
  );
}

/** Shown wherever a score on a synthetic dataset could be taken for a real one. */
export function SyntheticTag() {
  return <Tag title="Made by a generator, not annotated by people">synthetic</Tag>;
}
