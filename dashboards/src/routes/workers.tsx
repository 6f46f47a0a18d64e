import { createFileRoute } from '@tanstack/react-router';
import { useMemo } from 'react';
import { pageOptions, usePages } from '../api/pages.ts';
import { lists, queries } from '../api/queries.ts';
import type { Worker } from '../api/types.ts';
import { FleetFacts } from '../fleet/FleetFacts.tsx';
import { GoneWorkers } from '../fleet/GoneWorkers.tsx';
import { useRefusal } from '../fleet/Refusal.tsx';
import { WorkerPanel } from '../fleet/WorkerPanel.tsx';
import { hereAndGone } from '../fleet/worker.model.ts';
import { Loaded } from '../ui/Loaded.tsx';
import page from '../ui/Page.module.css';
import { PageTitle } from '../ui/PageTitle.tsx';
import { Empty, Panel } from '../ui/Panel.tsx';
import { type Rest, ShowMore } from '../ui/ShowMore.tsx';

/** No event announces a reading or a worker that fell silent. */
const POLL = 5_000;

export const Route = createFileRoute('/workers')({
  loader: ({ context }) => {
    void context.queryClient.prefetchInfiniteQuery(pageOptions(lists.workers));
    void context.queryClient.prefetchQuery(queries.session());
  },
  component: Workers,
});

function Workers() {
  const { query, ...rest } = usePages(lists.workers, POLL);
  return (
    <>
      <PageTitle title="Workers">Workers</PageTitle>
      <Loaded query={query} what="the workers">
        {({ items }) => (items.length === 0 ? <NoWorkers /> : <Fleet workers={items} {...rest} />)}
      </Loaded>
    </>
  );
}

function Fleet({ workers, ...rest }: { workers: Worker[] } & Rest) {
  const { here, gone } = useMemo(() => hereAndGone(workers), [workers]);
  const { refusal, sentence } = useRefusal();
  return (
    <div className={page.stack}>
      <FleetFacts workers={workers} />
      {rest.hasMore && <p>The figures above count only the workers that are shown.</p>}
      {sentence}
      {here.length === 0 && !rest.hasMore && <NoWorkers />}
      {here.map((worker) => (
        <WorkerPanel key={worker.id} worker={worker} refusal={refusal} />
      ))}
      <GoneWorkers workers={gone} partial={rest.hasMore} />
      <ShowMore shown={workers.length} {...rest} />
    </div>
  );
}

function NoWorkers() {
  return (
    <Panel title="No worker is here">
      <Empty>
        Runs wait for a worker. Start <code>pedigree worker</code> on a host with GPUs, or{' '}
        <code>pedigree worker --cpu-slots 1</code> on any host.
      </Empty>
    </Panel>
  );
}
