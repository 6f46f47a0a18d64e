import type { ReactNode } from 'react';
import styles from './Definitions.module.css';

export function Definitions({ children }: { children: ReactNode }) {
  return <dl className={styles.list}>{children}</dl>;
}

export function Definition({ name, children }: { name: ReactNode; children: ReactNode }) {
  return (
    <div className={styles.row}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
