/** The columns of the trial table. One column for each searched parameter stands between state and value. */
import { Link } from '@tanstack/react-router';
import { RUN_STATES } from '../api/states.ts';
import type { Study } from '../api/types.ts';
import { scalar, score } from '../lib/number.ts';
import { elapsed } from '../lib/time.ts';
import { useTook } from '../trial/useTook.ts';
import { StateBadge } from '../ui/Badge.tsx';
import type { Column } from '../ui/column.ts';
import styles from './TrialTable.module.css';
import type { TrialRow } from './trialRows.model.ts';

export function trialColumns({ spec, best }: Pick<Study, 'spec' | 'best'>): Column<TrialRow>[] {
  return [
    NUMBER,
    STATE,
    ...spec.parameters.map(({ name }) => parameterColumn(name)),
    valueColumn(spec.metric.goal === 'maximize', best?.run_id),
    countColumn('epochs', 'Epochs', 78, (row) => row.epochs),
    DURATION,
    countColumn('attempts', 'Attempts', 90, (row) => row.attempts),
  ];
}

const NUMBER: Column<TrialRow> = {
  key: 'number',
  header: 'Trial',
  width: 76,
  align: 'right',
  sortValue: (row) => row.number,
  cell: (row) => <NumberLink row={row} />,
};

const STATE: Column<TrialRow> = {
  key: 'state',
  header: 'State',
  width: 124,
  sortValue: (row) => row.state,
  cell: (row) => (
    <span title={row.failure}>
      <StateBadge {...RUN_STATES[row.state]} />
    </span>
  ),
};

const DURATION: Column<TrialRow> = {
  key: 'duration',
  header: 'Duration',
  width: 112,
  align: 'right',
  sortValue: durationOf,
  cell: (row) => <Duration row={row} />,
};

function parameterColumn(name: string): Column<TrialRow> {
  return {
    key: `param.${name}`,
    header: name,
    width: Math.max(92, 34 + name.length * 7.5),
    align: 'right',
    sortValue: (row) => row.params[name],
    cell: (row) => scalar(row.params[name]),
  };
}

function valueColumn(maximize: boolean, best: string | undefined): Column<TrialRow> {
  return {
    key: 'value',
    header: 'Dev F1',
    width: 92,
    align: 'right',
    sortValue: (row) => row.value,
    descendingFirst: maximize,
    cell: (row) => <Value row={row} best={row.id === best} />,
  };
}

function countColumn(
  key: string,
  header: string,
  width: number,
  of: (row: TrialRow) => number,
): Column<TrialRow> {
  return { key, header, width, align: 'right', sortValue: of, cell: of };
}

function NumberLink({ row: { id, number } }: { row: TrialRow }) {
  return (
    <Link className={styles.open} to="/runs/$runId" params={{ runId: id }} aria-label={`Trial ${number}`}>
      {number}
    </Link>
  );
}

function Value({ row: { value, provisional }, best }: { row: TrialRow; best: boolean }) {
  const soFar = provisional && value !== undefined;
  return (
    <>
      {soFar ? (
        <span className={styles.provisional} title="Best epoch so far; the trial has not completed">
          {score(value)}
          <span className="visually-hidden"> so far</span>
        </span>
      ) : (
        score(value)
      )}
      {best && <span className="visually-hidden"> best</span>}
    </>
  );
}

/** Trials that are still at work sort after those that have ended. */
function durationOf(row: TrialRow): number | undefined {
  return row.endedAt === undefined ? undefined : (elapsed(row.startedAt, row.endedAt, 0) ?? undefined);
}

function Duration({ row: { state, startedAt, endedAt } }: { row: TrialRow }) {
  return useTook({ state, startedAt, endedAt });
}
