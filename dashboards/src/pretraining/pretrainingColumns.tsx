/** The columns of the list of pretrainings. */
import { Link } from '@tanstack/react-router';
import { RUN_STATES } from '../api/states.ts';
import type { Dapt } from '../api/types.ts';
import { ABSENT, bytes, count } from '../lib/number.ts';
import { useTook } from '../trial/useTook.ts';
import { StateBadge, Tag } from '../ui/Badge.tsx';
import type { Column } from '../ui/column.ts';
import styles from '../ui/Listing.module.css';
import { RelativeTime } from '../ui/RelativeTime.tsx';
import table from '../ui/Table.module.css';
import { change, isPaused, perplexityOf } from './pretraining.model.ts';

export const PRETRAINING_COLUMNS: Column<Dapt>[] = [
  { key: 'name', header: 'Pretraining', rowHeader: true, cell: (pretraining) => <Name {...pretraining} /> },
  { key: 'backbone', header: 'Backbone', cell: ({ spec }) => spec.backbone },
  { key: 'text', header: 'Text', cell: ({ spec }) => <Passages file={spec.passages} /> },
  { key: 'state', header: 'State', cell: (pretraining) => <State {...pretraining} /> },
  { key: 'epochs', header: 'Epochs', align: 'right', cell: ({ run }) => run.epochs },
  {
    key: 'steps',
    header: 'Steps',
    align: 'right',
    cell: ({ summary }) => (summary ? count(summary.steps) : ABSENT),
  },
  {
    key: 'perplexity',
    header: 'Pseudo-perplexity',
    align: 'right',
    cell: (pretraining) => perplexityOf(pretraining) ?? ABSENT,
  },
  { key: 'change', header: 'Change', align: 'right', cell: changeOf },
  { key: 'took', header: 'Took', align: 'right', cell: ({ run }) => <Took run={run} /> },
  {
    key: 'created',
    header: 'Created',
    align: 'right',
    cell: ({ created_at }) => <RelativeTime instant={created_at} focusable />,
  },
];

function Name({ spec, run }: Pick<Dapt, 'spec' | 'run'>) {
  return (
    <Link className={styles.name} to="/runs/$runId" params={{ runId: run.id }}>
      {spec.name}
    </Link>
  );
}

function Passages({ file }: { file: Dapt['spec']['passages'] }) {
  return (
    <>
      {file.name} <span className={table.muted}>{bytes(file.bytes)}</span>
    </>
  );
}

function State({ run, hold, waits }: Pick<Dapt, 'run' | 'hold' | 'waits'>) {
  return (
    <span className={styles.tagged} title={run.failure?.message ?? waits ?? undefined}>
      <StateBadge {...RUN_STATES[run.state]} />
      {isPaused({ run, hold }) && <Tag>paused</Tag>}
    </span>
  );
}

function changeOf({ summary }: Dapt): string {
  if (!summary) return ABSENT;
  return change(summary.before.pseudo_perplexity, summary.after.pseudo_perplexity);
}

function Took({ run }: Pick<Dapt, 'run'>) {
  return useTook({ state: run.state, startedAt: run.started_at, endedAt: run.ended_at });
}
