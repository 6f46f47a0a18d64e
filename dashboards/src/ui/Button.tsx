import type { ReactNode } from 'react';
import styles from './Button.module.css';

interface Props {
  onClick(): void;
  children: ReactNode;
  /** The element that says why it cannot be pressed now; it then stays where the keyboard finds it. */
  disabledBy?: string | undefined;
  /** It is doing what it was pressed for. */
  busy?: boolean;
  strong?: boolean;
}

export function Button({ onClick, children, disabledBy, busy = false, strong = false }: Props) {
  const disabled = disabledBy !== undefined || busy;
  return (
    <button
      type="button"
      className={styles.button}
      data-strong={strong || undefined}
      aria-disabled={disabled || undefined}
      aria-describedby={disabledBy}
      aria-busy={busy || undefined}
      onClick={disabled ? undefined : onClick}
    >
      {children}
    </button>
  );
}
