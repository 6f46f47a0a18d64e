import { createFileRoute } from '@tanstack/react-router';
import { pageOptions, usePages } from '../api/pages.ts';
import { lists } from '../api/queries.ts';
import { StudyTable } from '../study/StudyTable.tsx';
import { Loaded } from '../ui/Loaded.tsx';
import { PageTitle } from '../ui/PageTitle.tsx';
import { Empty, Panel } from '../ui/Panel.tsx';

export const Route = createFileRoute('/')({
  loader: ({ context }) => void context.queryClient.prefetchInfiniteQuery(pageOptions(lists.studies)),
  component: Studies,
});

function Studies() {
  const { query, ...rest } = usePages(lists.studies);
  return (
    <>
      <PageTitle title="Studies">Studies</PageTitle>
      <Loaded query={query} what="the studies">
        {({ items }) => (items.length === 0 ? <NoStudies /> : <StudyTable studies={items} {...rest} />)}
      </Loaded>
    </>
  );
}

function NoStudies() {
  return (
    <Panel title="No study yet">
      <Empty>
        Start one with <code>pedigree sweep run search-spaces/quickstart.yaml</code>. It appears here as soon
        as the coordinator has it.
      </Empty>
    </Panel>
  );
}
