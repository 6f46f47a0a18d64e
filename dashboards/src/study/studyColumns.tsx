/** The columns of the list of studies. */
import { Link } from '@tanstack/react-router';
import { STUDY_STATES } from '../api/states.ts';
import type { Study } from '../api/types.ts';
import { score } from '../lib/number.ts';
import { StateBadge, SyntheticTag } from '../ui/Badge.tsx';
import type { Column } from '../ui/column.ts';
import styles from '../ui/Listing.module.css';
import { RelativeTime } from '../ui/RelativeTime.tsx';
import { BudgetBar } from './BudgetBar.tsx';
import { TestScore } from './TestScore.tsx';

export const STUDY_COLUMNS: Column<Study>[] = [
  { key: 'name', header: 'Study', rowHeader: true, cell: (study) => <Name study={study} /> },
  { key: 'dataset', header: 'Dataset', cell: (study) => <Dataset study={study} /> },
  { key: 'backbone', header: 'Backbone', cell: ({ spec }) => spec.backbone },
  { key: 'state', header: 'State', cell: ({ state }) => <StateBadge {...STUDY_STATES[state]} /> },
  {
    key: 'trials',
    header: 'Trials',
    cell: ({ trials, spec }) => <BudgetBar counts={trials} budget={spec.trials} />,
  },
  { key: 'best', header: 'Best dev F1', align: 'right', cell: ({ best }) => score(best?.value) },
  {
    key: 'test',
    header: 'Test F1',
    align: 'right',
    cell: ({ seal, spec }) => <TestScore seal={seal} protocol={spec.metric.protocol ?? 'strict'} />,
  },
  {
    key: 'created',
    header: 'Created',
    align: 'right',
    cell: ({ created_at }) => <RelativeTime instant={created_at} focusable />,
  },
];

function Name({ study }: { study: Study }) {
  return (
    <Link className={styles.name} to="/studies/$studyId" params={{ studyId: study.id }}>
      {study.spec.name}
    </Link>
  );
}

function Dataset({ study }: { study: Study }) {
  return (
    <span className={styles.tagged}>
      {study.spec.dataset}
      {study.synthetic && <SyntheticTag />}
    </span>
  );
}
