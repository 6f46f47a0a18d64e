import { Link } from '@tanstack/react-router';
import { FAILURE_CAUSES, RUN_STATES } from '../api/states.ts';
import type { RunDetail } from '../api/types.ts';
import { ABSENT, bytes, count, quantity } from '../lib/number.ts';
import { Took } from '../trial/RunHeader.tsx';
import { StateBadge, Tag } from '../ui/Badge.tsx';
import { Fact, Facts } from '../ui/Facts.tsx';
import { PageTitle } from '../ui/PageTitle.tsx';
import { RelativeTime } from '../ui/RelativeTime.tsx';
import { change, energySpent, progressOf } from './pretraining.model.ts';

interface PretrainingHeaderProps {
  detail: RunDetail;
  waits?: string | null | undefined;
}

export function PretrainingHeader({ detail, waits }: PretrainingHeaderProps) {
  const { run, study_name: name, dapt_summary: summary } = detail;
  const progress = progressOf(detail);
  const spent = energySpent(detail.attempts);
  return (
    <>
      <PageTitle
        title={`${name}, pretraining`}
        trail={<Link to="/pretrainings">Pretrainings</Link>}
        aside={
          <>
            <StateBadge {...RUN_STATES[run.state]} />
            {run.paused && <Tag>paused</Tag>}
          </>
        }
      >
        {name}
      </PageTitle>
      <Facts
        failure={run.failure && `${FAILURE_CAUSES[run.failure.cause]}: ${run.failure.message}`}
        waits={waits}
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
        <Fact name="Steps" note={stepNote(detail)}>
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

function stepNote(detail: RunDetail): string {
  const progress = progressOf(detail);
  const head = detail.dapt_summary?.head_steps ?? 0;
  if (progress === undefined) return 'no epoch reported yet';
  return head > 0
    ? `epoch ${progress.epoch}, after ${count(head)} steps of a new head`
    : `epoch ${progress.epoch}`;
}
