import { createFileRoute, useNavigate } from '@tanstack/react-router';
import { useCallback } from 'react';
import { useLiveQuery } from '../../api/live.tsx';
import { queries } from '../../api/queries.ts';
import type { Study } from '../../api/types.ts';
import { History } from '../../charts/History.tsx';
import { InsightPanel } from '../../study/InsightPanel.tsx';
import { SealPanel } from '../../study/SealPanel.tsx';
import { SpacePanel } from '../../study/SpacePanel.tsx';
import { StudyHeader } from '../../study/StudyHeader.tsx';
import { TrialTable } from '../../study/TrialTable.tsx';
import { readTrialView, type TrialView } from '../../study/trialView.ts';
import { Loaded } from '../../ui/Loaded.tsx';
import styles from '../../ui/Page.module.css';
import { PageTitle } from '../../ui/PageTitle.tsx';

export const Route = createFileRoute('/studies/$studyId')({
  validateSearch: readTrialView,
  loader: ({ context, params }) => {
    void context.queryClient.prefetchQuery(queries.study(params.studyId));
    void context.queryClient.prefetchQuery(queries.runs(params.studyId));
  },
  component: StudyPage,
});

function StudyPage() {
  const { studyId } = Route.useParams();
  const study = useLiveQuery(queries.study(studyId));
  return (
    <>
      {study.data === undefined && <PageTitle title="Study">Study</PageTitle>}
      <Loaded query={study} what="the study">
        {(record) => <StudyContent study={record} />}
      </Loaded>
    </>
  );
}

function StudyContent({ study }: { study: Study }) {
  const { studyId } = Route.useParams();
  const view = Route.useSearch();
  const navigate = useNavigate({ from: Route.fullPath });
  const runs = useLiveQuery(queries.runs(studyId));
  const insight = useLiveQuery(queries.insight(studyId));
  const change = useCallback(
    (next: TrialView) => void navigate({ search: next, replace: false, resetScroll: false }),
    [navigate],
  );
  const open = useCallback(
    (runId: string) => void navigate({ to: '/runs/$runId', params: { runId } }),
    [navigate],
  );
  return (
    <div className={styles.stack}>
      <StudyHeader study={study} />
      <div className={styles.columns}>
        <Loaded query={runs} what="the trials">
          {(list) => <History study={study} runs={list} onOpen={open} />}
        </Loaded>
        <div className={styles.stack}>
          <Loaded query={insight} what="the importance of the parameters">
            {(found) => <InsightPanel insight={found} />}
          </Loaded>
          <SpacePanel spec={study.spec} />
          <SealPanel study={study} />
        </div>
      </div>
      {runs.data && <TrialTable study={study} runs={runs.data} view={view} onView={change} />}
    </div>
  );
}
