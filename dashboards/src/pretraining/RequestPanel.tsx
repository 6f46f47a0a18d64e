import type { ArtifactFile, Dapt } from '../api/types.ts';
import { bytes, scalar } from '../lib/number.ts';
import { Definition, Definitions } from '../ui/Definitions.tsx';
import { Panel } from '../ui/Panel.tsx';
import { holdOf, resourcesOf } from './pretraining.model.ts';

/** The request, its place in the queue, and how the result is used. */
export function RequestPanel({ pretraining }: { pretraining: Dapt }) {
  const { spec, priority = 0 } = pretraining;
  const resources = resourcesOf(spec);
  const hold = holdOf(pretraining);
  return (
    <Panel title="Request">
      <Definitions>
        <Definition name="Backbone">{spec.backbone}</Definition>
        <Definition name="Passages">
          <Text file={spec.passages} />
        </Definition>
        <Definition name="Held-out text">
          <Text file={spec.held_out} />
        </Definition>
        <Definition name="Seed">{scalar(spec.seed)}</Definition>
        <Definition name="Retries">
          {spec.retries}, {spec.lost_retries ?? 0} after lost workers
        </Definition>
        <Definition name="Priority">{priority}</Definition>
        {hold && <Definition name="Hold">{hold}</Definition>}
        {resources && <Definition name="Device">{resources}</Definition>}
        <Result pretraining={pretraining} />
      </Definitions>
    </Panel>
  );
}

/** The backbone that it leaves, or the command that registers one. */
function Result({ pretraining: { spec, summary } }: { pretraining: Dapt }) {
  if (spec.leaves) return <Definition name="Leaves">backbone {spec.leaves}</Definition>;
  if (!summary) return null;
  return (
    <Definition name="Use it">
      <code>pedigree backbone add NAME --dapt {spec.name}</code>
    </Definition>
  );
}

function Text({ file }: { file: ArtifactFile }) {
  return (
    <>
      {file.name}, {bytes(file.bytes)}, <code title={file.sha256}>{file.sha256.slice(0, 12)}</code>
    </>
  );
}
