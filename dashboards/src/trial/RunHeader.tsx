import { Link } from '@tanstack/react-router';
import { useLiveQuery } from '../api/live.tsx';
import { queries } from '../api/queries.ts';
import { FAILURE_CAUSES, RUN_STATES } from '../api/states.ts';
import type { Run, RunDetail, TrainDetail } from '../api/types.ts';
import { ABSENT, bytes, count, score } from '../lib/number.ts';
import { StateBadge } from '../ui/Badge.tsx';
import { Fact, Facts } from '../ui/Facts.tsx';
import { PageTitle } from '../ui/PageTitle.tsx';
import { RelativeTime } from '../ui/RelativeTime.tsx';
import { Neighbours } from './Neighbours.tsx';
import { runName } from './runName.ts';
import { useTook } from './useTook.ts';

interface RunHeaderProps {
  detail: RunDetail;
  work: TrainDetail;
}

/** The head of the page of a trial or a final run. */
export function RunHeader({ detail: { run, queue_name: studyName }, work: { summary } }: RunHeaderProps) {
  const name = runName(run);
  const study = useLiveQuery(queries.study(run.queue_id));
  const protocol = study.data?.spec.metric.protocol ?? 'strict';
  return (
    <>
      <PageTitle
        title={`${name}, ${studyName}`}
        trail={
          <>
            <Link to="/">Studies</Link>
            <span aria-hidden="true">/</span>
            <Link to="/studies/$studyId" params={{ studyId: run.queue_id }}>
              {studyName}
            </Link>
          </>
        }
        aside={
          <>
            <StateBadge {...RUN_STATES[run.state]} />
            <Neighbours run={run} />
          </>
        }
      >
        {name}
      </PageTitle>
      <Facts failure={run.failure && `${FAILURE_CAUSES[run.failure.cause]}: ${run.failure.message}`}>
        <Fact
          name={`Dev F1, ${protocol}`}
          note={summary ? `epoch ${summary.best_epoch}, kept` : 'best epoch so far'}
        >
          {score(run.value ?? run.best_so_far)}
        </Fact>
        <Fact name="Epochs" note={summary?.stopped_early ? 'patience ran out' : undefined}>
          {run.epochs}
        </Fact>
        <Took run={run} />
        <Fact
          name="Peak memory"
          note={summary && `${count(summary.trainable_parameters)} trained parameters`}
        >
          {summary ? bytes(summary.peak_memory_bytes) : ABSENT}
        </Fact>
        <Fact
          name="Attempts"
          note={
            <>
              proposed <RelativeTime instant={run.created_at} focusable />
            </>
          }
        >
          {run.attempt}
        </Fact>
      </Facts>
    </>
  );
}

export function Took({ run }: { run: Run }) {
  const took = useTook({ state: run.state, startedAt: run.started_at, endedAt: run.ended_at });
  return (
    <Fact name={RUN_STATES[run.state].live ? 'Running for' : 'Took'} note="newest attempt">
      {took}
    </Fact>
  );
}
