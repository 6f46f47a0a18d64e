import { useNow } from '../lib/clock.ts';
import { absolute, relative } from '../lib/time.ts';
import styles from './RelativeTime.module.css';

interface Props {
  instant: string;
  /** Lets the keyboard reach the absolute time; leave it off where rows repeat it by the hundred. */
  focusable?: boolean;
  pace?: 'second' | 'calm';
}

/** Relative time; date, time and zone on hover and on focus. */
export function RelativeTime({ instant, focusable = false, pace = 'calm' }: Props) {
  const now = useNow(pace);
  const full = absolute(instant);
  const text = relative(instant, now);
  if (!focusable) {
    return (
      <time dateTime={instant} title={full}>
        {text}
      </time>
    );
  }
  return (
    <button type="button" className={styles.time} data-absolute={full}>
      <time dateTime={instant}>{text}</time>
      <span className="visually-hidden">, {full}</span>
    </button>
  );
}
