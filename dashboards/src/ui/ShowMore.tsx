import { useId, useState } from 'react';
import { count } from '../lib/number.ts';
import { Button } from './Button.tsx';
import styles from './ShowMore.module.css';

/** The part of a longer list that is not here yet. */
export interface Rest {
  /** Rows of the whole list, where the server counts them. */
  total?: number | undefined;
  hasMore: boolean;
  onMore(): void;
  /** More rows are on their way. */
  loading: boolean;
}

/** Says how much of a list is shown, and loads the next page. A list of one page has no such line. */
export function ShowMore({ shown, total, hasMore, onMore, loading }: Rest & { shown: number }) {
  const id = useId();
  const [asked, setAsked] = useState(false);
  if (!hasMore && !asked) return null;
  const ask = () => {
    setAsked(true);
    onMore();
  };
  // After the last page the button stays, disabled: removing it would drop the keyboard's focus.
  return (
    <div className={styles.line}>
      <p id={id} role="status" className={styles.note}>
        {shownOf(shown, total, hasMore)}
      </p>
      <Button onClick={ask} busy={loading} describedBy={id} disabledBy={hasMore ? undefined : id}>
        Show more
      </Button>
    </div>
  );
}

/** `100 of 1,440 shown`. */
export function shownOf(shown: number, total: number | undefined, hasMore: boolean): string {
  if (!hasMore) return `All ${count(shown)} shown`;
  return total === undefined
    ? `${count(shown)} shown, there are more`
    : `${count(shown)} of ${count(total)} shown`;
}
