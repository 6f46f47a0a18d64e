import type { RunKind, TrainDetail } from '../api/types.ts';
import { Definition, Definitions } from '../ui/Definitions.tsx';
import { Empty, Panel } from '../ui/Panel.tsx';
import { type Suggestion, type SuggestionView, viewOf } from './suggestion.model.ts';

interface SuggestionPanelProps {
  kind: RunKind;
  suggestion: TrainDetail['suggestion'];
}

export function SuggestionPanel({ kind, suggestion }: SuggestionPanelProps) {
  if (kind === 'final') {
    return (
      <Panel title="Why this configuration">
        <Empty>It is the study’s best configuration, trained once more.</Empty>
      </Panel>
    );
  }
  return (
    <Panel title="Why this suggestion">
      <Source view={viewOf(suggestion)} />
    </Panel>
  );
}

function Source({ view }: { view: SuggestionView | undefined }) {
  switch (view?.kind) {
    case 'suggested':
      return <Suggested suggestion={view.suggestion} />;
    case 'given':
      return <Empty>A user enqueued this configuration under the key “{view.key}”.</Empty>;
    case 'unreadable':
      return <Empty>The record of the suggestion cannot be read: {view.why}.</Empty>;
    case undefined:
      return <Empty>No record of the suggestion was kept.</Empty>;
  }
}

function Suggested({ suggestion }: { suggestion: Suggestion }) {
  const { sampler, seed, startup, finished, pending, skipped } = suggestion;
  return (
    <Definitions>
      <Definition name="Sampler">{sampler}</Definition>
      <Definition name="Drawn">
        {startup ? 'from the start-up design: too few finished trials yet' : 'from the trials below'}
      </Definition>
      <Definition name="Study seed">{seed}</Definition>
      <Definition name={`Finished trials seen (${finished.count})`}>{finished.ranges || 'none'}</Definition>
      <Definition name={`Pending trials seen (${pending.count})`}>{pending.ranges || 'none'}</Definition>
      {skipped.count > 0 && <Definition name="Left out: outside the space">{skipped.ranges}</Definition>}
    </Definitions>
  );
}
