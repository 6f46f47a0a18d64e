/** A table that scrolls inside its own container, which the keyboard can reach. */
import type { ReactNode, Ref } from 'react';
import styles from './Table.module.css';

interface Props {
  label: string;
  children: ReactNode;
  className?: string | undefined;
  ref?: Ref<HTMLElement>;
}

export function ScrollTable({ label, children, className, ref }: Props) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable without a mouse
    <section ref={ref} className={`${styles.scroll} ${className ?? ''}`} aria-label={label} tabIndex={0}>
      {children}
    </section>
  );
}
