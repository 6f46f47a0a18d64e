import { Link } from '@tanstack/react-router';
import { useLiveQuery } from '../api/live.tsx';
import { queries } from '../api/queries.ts';
import type { Run } from '../api/types.ts';
import styles from './Neighbours.module.css';

/** The trials before and after this one. */
export function Neighbours({ run }: { run: Run }) {
  const runs = useLiveQuery(queries.runs(run.queue_id));
  if (run.number == null) return null;
  const number = run.number;
  const at = (wanted: number) => runs.data?.find((other) => other.number === wanted);
  return (
    <nav aria-label="Neighbouring trials" className={styles.neighbours}>
      <Neighbour run={at(number - 1)} arrow="←" />
      <Neighbour run={at(number + 1)} arrow="→" />
    </nav>
  );
}

function Neighbour({ run, arrow }: { run: Run | undefined; arrow: string }) {
  if (run === undefined) return null;
  return (
    <Link
      to="/runs/$runId"
      params={{ runId: run.id }}
      aria-label={`Trial ${run.number}`}
      className={styles.link}
    >
      {arrow === '←' ? `← ${run.number}` : `${run.number} →`}
    </Link>
  );
}
