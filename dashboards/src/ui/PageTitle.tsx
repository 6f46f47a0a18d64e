import type { ReactNode } from 'react';
import styles from './Page.module.css';

interface Props {
  /** Title of the browser's tab. */
  title: string;
  children: ReactNode;
  /** Links to the pages above this one. */
  trail?: ReactNode;
  /** Beside the heading. */
  aside?: ReactNode;
}

export function PageTitle({ title, children, trail, aside }: Props) {
  return (
    <div className={styles.title}>
      <title>{`${title} · Pedigree`}</title>
      {trail && (
        <nav aria-label="Breadcrumb" className={styles.trail}>
          {trail}
        </nav>
      )}
      <div className={styles.heading}>
        <h1>{children}</h1>
        {aside}
      </div>
    </div>
  );
}
