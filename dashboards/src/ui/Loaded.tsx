/** The four states of a page: loading, failed, stale, fresh. */
import type { ReactNode } from 'react';
import { useNow } from '../lib/clock.ts';
import { relative } from '../lib/time.ts';
import styles from './Loaded.module.css';

/** The parts of a query's result that are shown; a list of pages has them too. */
interface Query<T> {
  data: T | undefined;
  error: Error | null;
  isError: boolean;
  dataUpdatedAt: number;
  refetch(): Promise<unknown>;
}

interface Props<T> {
  query: Query<T>;
  /** What is being loaded, such as `the study`. */
  what: string;
  children: (value: T) => ReactNode;
}

export function Loaded<T>({ query, what, children }: Props<T>) {
  if (query.data === undefined) {
    return query.isError ? <ErrorPanel query={query} what={what} /> : <Skeleton what={what} />;
  }
  return (
    <>
      {query.isError && <StaleNote query={query} what={what} />}
      {children(query.data)}
    </>
  );
}

function ErrorPanel({ query, what }: { query: Query<unknown>; what: string }) {
  return (
    <div className={styles.error} role="alert">
      <p>
        <strong>Could not load {what}.</strong> {query.error?.message}
      </p>
      <button type="button" className={styles.retry} onClick={() => void query.refetch()}>
        Try again
      </button>
    </div>
  );
}

function StaleNote({ query, what }: { query: Query<unknown>; what: string }) {
  const now = useNow();
  const since = relative(new Date(query.dataUpdatedAt).toISOString(), Math.max(now, query.dataUpdatedAt));
  return (
    <p className={styles.stale} role="status">
      Could not refresh {what}; this is from {since === 'now' ? 'just now' : since}. {query.error?.message}
    </p>
  );
}

function Skeleton({ what }: { what: string }) {
  return (
    <div className={styles.skeleton} role="status">
      <span className="visually-hidden">Loading {what}</span>
      <div className={styles.bar} />
      <div className={styles.bar} />
      <div className={styles.bar} />
    </div>
  );
}
