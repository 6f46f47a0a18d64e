import styles from './Meter.module.css';

/** A part of a whole as a bar; the words beside it carry the meaning. */
export function Meter({ text, percent }: { text: string; percent: number }) {
  return (
    <span className={styles.meter}>
      <span className={styles.bar} aria-hidden="true">
        <span style={{ width: `${percent}%` }} />
      </span>
      <span className={styles.text}>{text}</span>
    </span>
  );
}
