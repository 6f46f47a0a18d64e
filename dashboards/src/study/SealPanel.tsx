import { Link } from '@tanstack/react-router';
import { RUN_STATES } from '../api/states.ts';
import type { Seal, Study } from '../api/types.ts';
import { count, score } from '../lib/number.ts';
import { StateBadge } from '../ui/Badge.tsx';
import { Definition, Definitions } from '../ui/Definitions.tsx';
import { Empty, Panel } from '../ui/Panel.tsx';
import { RelativeTime } from '../ui/RelativeTime.tsx';

/** The record that the test split was opened: by which run, when, with what result. */
export function SealPanel({ study }: { study: Study }) {
  const { seal, final_run: final } = study;
  return (
    <Panel title="Final run and test seal" aside={final && <StateBadge {...RUN_STATES[final.state]} />}>
      {final && (
        <p>
          <Link to="/runs/$runId" params={{ runId: final.run_id }}>
            Open the final run
          </Link>
        </p>
      )}
      {seal ? <SealRecord seal={seal} /> : <Empty>{unopened(study)}</Empty>}
    </Panel>
  );
}

function SealRecord({ seal }: { seal: Seal }) {
  const { scores } = seal;
  return (
    <Definitions>
      {scores && (
        <>
          <Definition name="Test F1">
            {score(scores.overall.strict.f1)} strict, {score(scores.overall.conlleval.f1)} conlleval
          </Definition>
          <Definition name="Sentences">{count(scores.sentences)}</Definition>
        </>
      )}
      <Definition name="Opened">
        <RelativeTime instant={seal.opened_at} focusable />
        {seal.openings > 1 && `, ${seal.openings} times: an attempt was lost after opening it`}
      </Definition>
      <Definition name="Sealed">
        {seal.sealed_at ? <RelativeTime instant={seal.sealed_at} focusable /> : 'not yet: being scored'}
      </Definition>
      <Definition name="Test split">
        <code title={seal.test_sha256}>{seal.test_sha256.slice(0, 12)}</code>
      </Definition>
    </Definitions>
  );
}

function unopened(study: Study): string {
  if (study.state === 'failed' || study.state === 'cancelled') return 'The test split was never opened.';
  if (study.final_run) return 'The test split is still closed; the final run opens it after training.';
  return 'The test split is closed. When the budget is spent, the final run trains the best configuration once more and opens the split, once.';
}
