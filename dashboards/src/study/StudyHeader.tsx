import { Link } from '@tanstack/react-router';
import { STUDY_STATES } from '../api/states.ts';
import type { Method, Study } from '../api/types.ts';
import { useNow } from '../lib/clock.ts';
import { score } from '../lib/number.ts';
import { elapsed, span } from '../lib/time.ts';
import { StateBadge, SyntheticTag } from '../ui/Badge.tsx';
import { Fact, Facts } from '../ui/Facts.tsx';
import { PageTitle } from '../ui/PageTitle.tsx';
import { RelativeTime } from '../ui/RelativeTime.tsx';
import { BudgetBar } from './BudgetBar.tsx';
import { TestScore } from './TestScore.tsx';
import { testF1 } from './testF1.ts';

const METHODS: Record<Method, string> = {
  auto: 'automatic sampler',
  tpe: 'TPE',
  gp: 'Gaussian process',
  'optuna-5': 'TPE as in Optuna 5',
  'optuna-4': 'TPE as in Optuna 4',
  watanabe: 'TPE after Watanabe',
  random: 'random search',
  grid: 'grid search',
  sobol: 'scrambled Sobol',
};

export function StudyHeader({ study }: { study: Study }) {
  const { spec, best, seal } = study;
  const now = useNow(study.ended_at ? 'calm' : 'second');
  const protocol = spec.metric.protocol ?? 'strict';
  const other = protocol === 'strict' ? 'conlleval' : 'strict';
  const otherF1 = testF1(seal, other);
  const took = elapsed(study.created_at, study.ended_at, now) ?? 0;
  return (
    <>
      <PageTitle
        title={spec.name}
        trail={<Link to="/">Studies</Link>}
        aside={
          <>
            <StateBadge {...STUDY_STATES[study.state]} />
            {study.synthetic && <SyntheticTag />}
          </>
        }
      >
        {spec.name}
      </PageTitle>
      <Facts failure={study.failure} waits={study.waits}>
        <Fact name="Trials" note={`at most ${spec.max_concurrent} at a time`}>
          <BudgetBar counts={study.trials} budget={spec.trials} />
        </Fact>
        <Fact
          name="Best dev F1"
          note={
            best ? (
              <Link to="/runs/$runId" params={{ runId: best.run_id }}>
                trial {best.number}
              </Link>
            ) : (
              'no trial completed yet'
            )
          }
        >
          {score(best?.value)}
        </Fact>
        <Fact
          name={`Test F1, ${protocol}`}
          note={otherF1 === undefined ? 'opened once, by the test run' : `${score(otherF1)} by ${other}`}
        >
          <TestScore seal={seal} protocol={protocol} />
        </Fact>
        <Fact name="Search" note={`${spec.dataset} · ${spec.backbone}`}>
          {METHODS[spec.method]}, seed {spec.seed}
          {spec.pruner && spec.pruner.name !== 'none' && `, ${spec.pruner.name} pruner`}
        </Fact>
        <Fact
          name={study.ended_at ? 'Took' : 'Running for'}
          note={
            <>
              created <RelativeTime instant={study.created_at} focusable />
            </>
          }
        >
          {span(took)}
        </Fact>
      </Facts>
    </>
  );
}
