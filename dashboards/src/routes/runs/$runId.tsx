import { createFileRoute } from '@tanstack/react-router';
import { useLiveQuery } from '../../api/live.tsx';
import { queries } from '../../api/queries.ts';
import type { RunDetail } from '../../api/types.ts';
import { PretrainingContent } from '../../pretraining/PretrainingContent.tsx';
import { TestContent } from '../../trial/TestContent.tsx';
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
        {(detail) => <RunContent key={runId} detail={detail} />}
      </Loaded>
    </>
  );
}

function RunContent({ detail }: { detail: RunDetail }) {
  const { work } = detail;
  switch (work.kind) {
    case 'train':
      return <TrialContent detail={detail} work={work} />;
    case 'adapt':
      return <PretrainingContent detail={detail} work={work} />;
    case 'test':
      return <TestContent detail={detail} work={work} />;
  }
}
