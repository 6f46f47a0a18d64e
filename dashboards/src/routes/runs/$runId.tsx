import { createFileRoute } from '@tanstack/react-router';
import { useLiveQuery } from '../../api/live.tsx';
import { queries } from '../../api/queries.ts';
import { PretrainingContent } from '../../pretraining/PretrainingContent.tsx';
import { TrialContent } from '../../trial/TrialContent.tsx';
import { Loaded } from '../../ui/Loaded.tsx';
import { PageTitle } from '../../ui/PageTitle.tsx';

export const Route = createFileRoute('/runs/$runId')({
  loader: ({ context, params }) => void context.queryClient.prefetchQuery(queries.run(params.runId)),
  component: RunPage,
});

function RunPage() {
  const { runId } = Route.useParams();
  const run = useLiveQuery(queries.run(runId));
  return (
    <>
      {run.data === undefined && <PageTitle title="Run">Run</PageTitle>}
      <Loaded query={run} what="the run">
        {(detail) =>
          detail.work.kind === 'adapt' ? (
            <PretrainingContent key={runId} detail={detail} work={detail.work} />
          ) : (
            <TrialContent key={runId} detail={detail} work={detail.work} />
          )
        }
      </Loaded>
    </>
  );
}
