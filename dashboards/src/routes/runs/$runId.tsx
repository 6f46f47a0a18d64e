import { createFileRoute } from '@tanstack/react-router';
import { useLiveQuery } from '../../api/live.tsx';
import { queries } from '../../api/queries.ts';
import type { RunDetail } from '../../api/types.ts';
import { Curves } from '../../charts/Curves.tsx';
import { ArtifactTable } from '../../trial/ArtifactTable.tsx';
import { AttemptTable } from '../../trial/AttemptTable.tsx';
import { ConfigurationPanel } from '../../trial/ConfigurationPanel.tsx';
import { EpochTable } from '../../trial/EpochTable.tsx';
import { LogPanel } from '../../trial/LogPanel.tsx';
import { RunHeader } from '../../trial/RunHeader.tsx';
import { SuggestionPanel } from '../../trial/SuggestionPanel.tsx';
import { TestScorePanel } from '../../trial/TestScorePanel.tsx';
import { Loaded } from '../../ui/Loaded.tsx';
import styles from '../../ui/Page.module.css';
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
  return (
    <div className={styles.stack}>
      <RunHeader detail={detail} />
      {detail.summary?.test && <TestScorePanel scores={detail.summary.test} />}
      <div className={styles.columns}>
        <Curves detail={detail} />
        <ConfigurationPanel detail={detail} />
      </div>
      <EpochTable detail={detail} />
      <AttemptTable attempts={detail.attempts} />
      <div className={styles.halves}>
        <ArtifactTable attempts={detail.attempts} />
        <SuggestionPanel detail={detail} />
      </div>
      <LogPanel detail={detail} />
    </div>
  );
}
