import { createFileRoute } from '@tanstack/react-router';
import { pageOptions, usePages } from '../api/pages.ts';
import { lists } from '../api/queries.ts';
import { PretrainingTable } from '../pretraining/PretrainingTable.tsx';
import { Loaded } from '../ui/Loaded.tsx';
import { PageTitle } from '../ui/PageTitle.tsx';
import { Empty, Panel } from '../ui/Panel.tsx';

export const Route = createFileRoute('/pretrainings')({
  loader: ({ context }) => void context.queryClient.prefetchInfiniteQuery(pageOptions(lists.pretrainings)),
  component: Pretrainings,
});

function Pretrainings() {
  const { query, ...rest } = usePages(lists.pretrainings);
  return (
    <>
      <PageTitle title="Pretrainings">Pretrainings</PageTitle>
      <Loaded query={query} what="the pretrainings">
        {({ items }) =>
          items.length === 0 ? <NoPretrainings /> : <PretrainingTable pretrainings={items} {...rest} />
        }
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
