/** The columns of the trial table; one for each searched parameter stands between state and value. */
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { RUN_STATES } from '../api/states.ts';
import type { Scalar, Study } from '../api/types.ts';
import { useNow } from '../lib/clock.ts';
import { ABSENT, scalar, score } from '../lib/number.ts';
import { elapsed, span } from '../lib/time.ts';
import { StateBadge } from '../ui/Badge.tsx';
import styles from './TrialTable.module.css';
import type { TrialRow } from './trialRows.model.ts';

export interface TrialColumn {
  id: string;
  header: string;
  width: number;
  numeric: boolean;
  /** The first click sorts in descending order. */
  bestFirst: boolean;
  order(row: TrialRow): Scalar | undefined;
  cell(row: TrialRow): ReactNode;
}

export function trialColumns(study: Study): TrialColumn[] {
  const maximize = study.spec.metric.goal === 'maximize';
  return [
    column('number', 'Trial', 76, (row) => row.number, numberCell, { numeric: true }),
    column('state', 'State', 124, (row) => row.state, stateCell),
    ...study.spec.parameters.map(({ name }) => parameterColumn(name)),
    column('value', 'Dev F1', 92, (row) => row.value, valueCell, { numeric: true, bestFirst: maximize }),
    column(
      'epochs',
      'Epochs',
      78,
      (row) => row.epochs,
      (row) => row.epochs,
      { numeric: true },
    ),
    column('duration', 'Duration', 112, durationOf, (row) => <Duration row={row} />, { numeric: true }),
    column(
      'attempts',
      'Attempts',
      90,
      (row) => row.attempts,
      (row) => row.attempts,
      { numeric: true },
    ),
  ];
}

function column(
  id: string,
  header: string,
  width: number,
  order: TrialColumn['order'],
  cell: TrialColumn['cell'],
  traits: { numeric?: boolean; bestFirst?: boolean } = {},
): TrialColumn {
  return {
    id,
    header,
    width,
    order,
    cell,
    numeric: traits.numeric ?? false,
    bestFirst: traits.bestFirst ?? false,
  };
}

function parameterColumn(name: string): TrialColumn {
  const width = Math.max(92, 34 + name.length * 7.5);
  return column(
    `param.${name}`,
    name,
    width,
    (row) => row.params[name],
    (row) => scalar(row.params[name]),
    {
      numeric: true,
    },
  );
}

function numberCell(row: TrialRow): ReactNode {
  return (
    <Link
      className={styles.open}
      to="/runs/$runId"
      params={{ runId: row.id }}
      aria-label={`Trial ${row.number}`}
    >
      {row.number}
    </Link>
  );
}

function stateCell(row: TrialRow): ReactNode {
  return (
    <span title={row.failure}>
      <StateBadge {...RUN_STATES[row.state]} />
    </span>
  );
}

function valueCell(row: TrialRow): ReactNode {
  if (!row.provisional || row.value === undefined) return score(row.value);
  return (
    <span className={styles.provisional} title="Best epoch so far; the trial has not completed">
      {score(row.value)}
      <span className="visually-hidden"> so far</span>
    </span>
  );
}

/** A trial that is still at work sorts behind those that have ended. */
function durationOf(row: TrialRow): number | undefined {
  return row.endedAt === undefined ? undefined : (elapsed(row.startedAt, row.endedAt, 0) ?? undefined);
}

function Duration({ row }: { row: TrialRow }) {
  const live = RUN_STATES[row.state].live;
  const now = useNow(live ? 'second' : 'calm');
  // A waiting trial has no span, even where an earlier attempt began.
  const milliseconds = live || row.endedAt ? elapsed(row.startedAt, row.endedAt, now) : null;
  return milliseconds === null ? ABSENT : span(milliseconds);
}
