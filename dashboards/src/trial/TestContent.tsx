import { Link } from '@tanstack/react-router';
import { FAILURE_CAUSES, RUN_STATES } from '../api/states.ts';
import type { RunDetail, TestDetail } from '../api/types.ts';
import { bytes, count, score } from '../lib/number.ts';
import { StateBadge } from '../ui/Badge.tsx';
import { Fact, Facts } from '../ui/Facts.tsx';
import styles from '../ui/Page.module.css';
import { PageTitle } from '../ui/PageTitle.tsx';
import { ArtifactTable } from './ArtifactTable.tsx';
import { AttemptTable } from './AttemptTable.tsx';
import { LogPanel } from './LogPanel.tsx';
import { runName } from './runName.ts';
import { TestScorePanel } from './TestScorePanel.tsx';

interface TestContentProps {
  detail: RunDetail;
  /** The work of the run, which is of the kind `test`. */
  work: TestDetail;
}

/** The page of a test run: the scores of each model that met the test split. */
export function TestContent({ detail, work }: TestContentProps) {
  const { run, queue_name: study } = detail;
  const results = work.summary?.results ?? [];
  return (
    <div className={styles.stack}>
      <PageTitle
        title={`${runName(run)}, ${study}`}
        trail={
          <>
            <Link to="/">Studies</Link>
            <span aria-hidden="true">/</span>
            <Link to="/studies/$studyId" params={{ studyId: run.queue_id }}>
              {study}
            </Link>
          </>
        }
        aside={<StateBadge {...RUN_STATES[run.state]} />}
      >
        {runName(run)}
      </PageTitle>
      <Facts failure={run.failure && `${FAILURE_CAUSES[run.failure.cause]}: ${run.failure.message}`}>
        <Fact name="Test F1" note={results.length > 1 ? 'mean of the models' : undefined}>
          {score(run.value)}
        </Fact>
        <Fact name="Models">{count(work.models.length)}</Fact>
        {work.summary && <Fact name="Peak memory">{bytes(work.summary.peak_memory_bytes)}</Fact>}
      </Facts>
      {results.map(({ run_id: trained, seed, scores }) => (
        <TestScorePanel
          key={trained}
          title={
            <>
              Test scores of{' '}
              <Link to="/runs/$runId" params={{ runId: trained }}>
                the model with seed {seed}
              </Link>
            </>
          }
          scores={scores}
        />
      ))}
      <AttemptTable attempts={detail.attempts} />
      <ArtifactTable attempts={detail.attempts} />
      <LogPanel detail={detail} />
    </div>
  );
}
