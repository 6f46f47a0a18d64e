import type { ArtifactFile, Dapt } from '../api/types.ts';
import { bytes, scalar } from '../lib/number.ts';
import { Definition, Definitions } from '../ui/Definitions.tsx';
import { Panel } from '../ui/Panel.tsx';
import { resourcesOf } from './pretraining.model.ts';

/** The request, and the command that uses the result. */
export function RequestPanel({ pretraining }: { pretraining: Dapt }) {
  const { spec, summary } = pretraining;
  const resources = resourcesOf(spec);
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
        {(spec.priority ?? 0) !== 0 && <Definition name="Priority">{spec.priority}</Definition>}
        {resources && <Definition name="Device">{resources}</Definition>}
        {summary && (
          <Definition name="Use it">
            <code>pedigree backbone add NAME --dapt {spec.name}</code>
          </Definition>
        )}
      </Definitions>
    </Panel>
  );
}

function Text({ file }: { file: ArtifactFile }) {
  return (
    <>
      {file.name}, {bytes(file.bytes)}, <code title={file.sha256}>{file.sha256.slice(0, 12)}</code>
    </>
  );
}
