import { Link } from '@tanstack/react-router';
import { STUDY_STATES } from '../api/states.ts';
import type { Study } from '../api/types.ts';
import { score } from '../lib/number.ts';
import { StateBadge, SyntheticTag } from '../ui/Badge.tsx';
import styles from '../ui/Listing.module.css';
import { RelativeTime } from '../ui/RelativeTime.tsx';
import { ScrollTable } from '../ui/ScrollTable.tsx';
import table from '../ui/Table.module.css';
import { BudgetBar } from './BudgetBar.tsx';
import { TestScore } from './TestScore.tsx';

export function StudyTable({ studies }: { studies: Study[] }) {
  const live = studies.filter((study) => STUDY_STATES[study.state].live).length;
  return (
    <ScrollTable label="Studies" className={styles.frame}>
      <table className={table.table}>
        <caption>
          {studies.length === 1 ? '1 study' : `${studies.length} studies`}, {live} under way. Newest first.
        </caption>
        <thead>
          <tr>
            <th scope="col">Study</th>
            <th scope="col">Dataset</th>
            <th scope="col">Backbone</th>
            <th scope="col">State</th>
            <th scope="col">Trials</th>
            <th scope="col" className={table.number}>
              Best dev F1
            </th>
            <th scope="col" className={table.number}>
              Test F1
            </th>
            <th scope="col" className={table.number}>
              Created
            </th>
          </tr>
        </thead>
        <tbody>
          {studies.map((study) => (
            <StudyRow key={study.id} study={study} />
          ))}
        </tbody>
      </table>
    </ScrollTable>
  );
}

function StudyRow({ study }: { study: Study }) {
  const { spec, state } = study;
  return (
    <tr className={styles.row}>
      <th scope="row">
        <Link className={styles.name} to="/studies/$studyId" params={{ studyId: study.id }}>
          {spec.name}
        </Link>
      </th>
      <td>
        <span className={styles.tagged}>
          {spec.dataset}
          {study.synthetic && <SyntheticTag />}
        </span>
      </td>
      <td>{spec.backbone}</td>
      <td>
        <StateBadge {...STUDY_STATES[state]} />
      </td>
      <td>
        <BudgetBar counts={study.trials} budget={spec.trials} />
      </td>
      <td className={table.number}>{score(study.best?.value)}</td>
      <td className={table.number}>
        <TestScore seal={study.seal} protocol={spec.metric.protocol ?? 'strict'} />
      </td>
      <td className={table.number}>
        <RelativeTime instant={study.created_at} focusable />
      </td>
    </tr>
  );
}
