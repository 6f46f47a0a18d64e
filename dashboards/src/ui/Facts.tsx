import type { ReactNode } from 'react';
import styles from './Facts.module.css';

interface FactsProps {
  failure?: string | null | undefined;
  waits?: string | null | undefined;
  children: ReactNode;
}

/** The few figures that matter, in a row above everything else. */
export function Facts({ failure, waits, children }: FactsProps) {
  return (
    <div className={styles.frame}>
      <dl className={styles.facts}>{children}</dl>
      {failure && (
        <p className={styles.failure}>
          <strong>Why it failed:</strong> {failure}
        </p>
      )}
      {waits && (
        <p className={styles.waits}>
          <strong>Why it waits:</strong> {waits}
        </p>
      )}
    </div>
  );
}

export function Fact({ name, children, note }: { name: string; children: ReactNode; note?: ReactNode }) {
  return (
    <div className={styles.fact}>
      <dt>{name}</dt>
      <dd className={styles.value}>{children}</dd>
      {note && <dd className={styles.note}>{note}</dd>}
    </div>
  );
}
