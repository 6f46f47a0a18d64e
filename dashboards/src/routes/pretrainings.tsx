import { createFileRoute } from '@tanstack/react-router';
import { useLiveQuery } from '../api/live.tsx';
import { queries } from '../api/queries.ts';
import { PretrainingTable } from '../pretraining/PretrainingTable.tsx';
import { Loaded } from '../ui/Loaded.tsx';
import { PageTitle } from '../ui/PageTitle.tsx';
import { Empty, Panel } from '../ui/Panel.tsx';

export const Route = createFileRoute('/pretrainings')({
  loader: ({ context }) => void context.queryClient.prefetchQuery(queries.pretrainings()),
  component: Pretrainings,
});

function Pretrainings() {
  const pretrainings = useLiveQuery(queries.pretrainings());
  return (
    <>
      <PageTitle title="Pretrainings">Pretrainings</PageTitle>
      <Loaded query={pretrainings} what="the pretrainings">
        {(list) => (list.length === 0 ? <NoPretrainings /> : <PretrainingTable pretrainings={list} />)}
      </Loaded>
    </>
  );
}

function NoPretrainings() {
  return (
    <Panel title="No pretraining yet">
      <Empty>
        A pretraining adapts a backbone to raw text of a domain, once, before studies use it. Queue one with{' '}
        <code>pedigree dapt submit NAME --backbone BACKBONE --passages FILE --held-out FILE</code>.
      </Empty>
    </Panel>
  );
}
