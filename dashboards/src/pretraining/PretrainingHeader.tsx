import { Link } from '@tanstack/react-router';
import { FAILURE_CAUSES, RUN_STATES } from '../api/states.ts';
import type { AdaptDetail, Dapt, RunDetail } from '../api/types.ts';
import { ABSENT, bytes, count, quantity } from '../lib/number.ts';
import { Took } from '../trial/RunHeader.tsx';
import { StateBadge, Tag } from '../ui/Badge.tsx';
import { Fact, Facts } from '../ui/Facts.tsx';
import { PageTitle } from '../ui/PageTitle.tsx';
import { RelativeTime } from '../ui/RelativeTime.tsx';
import { change, energySpent, isPaused, progressOf } from './pretraining.model.ts';

interface PretrainingHeaderProps {
  detail: RunDetail;
  work: AdaptDetail;
  /** Undefined while it is being loaded. */
  pretraining: Dapt | undefined;
}

export function PretrainingHeader({ detail, work, pretraining }: PretrainingHeaderProps) {
  const { run, queue_name: name, attempts } = detail;
  const { summary } = work;
  const progress = progressOf(work);
  const spent = energySpent(attempts);
  return (
    <>
      <PageTitle
        title={`${name}, pretraining`}
        trail={<Link to="/pretrainings">Pretrainings</Link>}
        aside={
          <>
            <StateBadge {...RUN_STATES[run.state]} />
            {isPaused({ run, hold: pretraining?.hold }) && <Tag>paused</Tag>}
          </>
        }
      >
        {name}
      </PageTitle>
      <Facts
        failure={run.failure && `${FAILURE_CAUSES[run.failure.cause]}: ${run.failure.message}`}
        waits={pretraining?.waits}
      >
        <Fact
          name="Pseudo-perplexity"
          note={
            summary
              ? `${change(summary.before.pseudo_perplexity, summary.after.pseudo_perplexity)} by the adapter`
              : 'held-out text, newest epoch'
          }
        >
          {progress ? quantity(progress.heldOut.pseudo_perplexity) : ABSENT}
        </Fact>
        <Fact name="Steps" note={stepNote(work)}>
          {progress ? count(progress.steps) : ABSENT}
        </Fact>
        <Took run={run} />
        <Fact name="Energy" note={spent?.note ?? 'known only on GPUs'}>
          {spent?.text ?? ABSENT}
        </Fact>
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
              submitted <RelativeTime instant={run.created_at} focusable />
            </>
          }
        >
          {run.attempt}
        </Fact>
      </Facts>
    </>
  );
}

function stepNote(work: AdaptDetail): string {
  const progress = progressOf(work);
  const head = work.summary?.head_steps ?? 0;
  if (progress === undefined) return 'no epoch reported yet';
  return head > 0
    ? `epoch ${progress.epoch}, after ${count(head)} steps of a new head`
    : `epoch ${progress.epoch}`;
}
