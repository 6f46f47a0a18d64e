import type { ReactNode } from 'react';
import styles from './Button.module.css';

interface Props {
  onClick(): void;
  children: ReactNode;
  /** Id of the element that says why the button cannot be pressed now. The keyboard still reaches the button. */
  disabledBy?: string | undefined;
  /** Id of an element that says more about the button. */
  describedBy?: string | undefined;
  /** The button does what it was pressed for. */
  busy?: boolean;
  strong?: boolean;
}

export function Button(props: Props) {
  const { onClick, children, disabledBy, describedBy, busy = false, strong = false } = props;
  const disabled = disabledBy !== undefined || busy;
  return (
    <button
      type="button"
      className={styles.button}
      data-strong={strong || undefined}
      aria-disabled={disabled || undefined}
      aria-describedby={disabledBy ?? describedBy}
      aria-busy={busy || undefined}
      onClick={disabled ? undefined : onClick}
    >
      {children}
    </button>
  );
}
