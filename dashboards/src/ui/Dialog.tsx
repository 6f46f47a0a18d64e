import { type ReactNode, useId, useLayoutEffect, useRef } from 'react';
import styles from './Dialog.module.css';

interface Props {
  title: string;
  children: ReactNode;
  /** The answers. The most careful one comes first and has the focus. */
  actions: ReactNode;
  onClose(): void;
}

/** A question above the page. Escape leaves it, and the focus goes back to where it was. */
export function Dialog({ title, children, actions, onClose }: Props) {
  const id = useId();
  const element = useRef<HTMLDialogElement>(null);
  // The dialog closes before it leaves the page; otherwise the browser could not give the focus back.
  useLayoutEffect(() => {
    const dialog = element.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={element}
      className={styles.dialog}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <h2 id={id}>{title}</h2>
      <div className={styles.body}>{children}</div>
      <div className={styles.actions}>{actions}</div>
    </dialog>
  );
}
