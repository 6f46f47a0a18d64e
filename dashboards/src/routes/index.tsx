import { createFileRoute } from '@tanstack/react-router';
import { useLiveQuery } from '../api/live.tsx';
import { queries } from '../api/queries.ts';
import { StudyTable } from '../study/StudyTable.tsx';
import { Loaded } from '../ui/Loaded.tsx';
import { PageTitle } from '../ui/PageTitle.tsx';
import { Empty, Panel } from '../ui/Panel.tsx';

export const Route = createFileRoute('/')({
  loader: ({ context }) => void context.queryClient.prefetchQuery(queries.studies()),
  component: Studies,
});

function Studies() {
  const studies = useLiveQuery(queries.studies());
  return (
    <>
      <PageTitle title="Studies">Studies</PageTitle>
      <Loaded query={studies} what="the studies">
        {(list) => (list.length === 0 ? <NoStudies /> : <StudyTable studies={list} />)}
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
