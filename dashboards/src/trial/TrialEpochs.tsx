import type { AttemptReport, RunDetail } from '../api/types.ts';
import { EpochTable } from './EpochTable.tsx';
import { TRIAL_METRICS } from './epochColumns.tsx';

export function TrialEpochs({ detail: { reports, summary, run } }: { detail: RunDetail }) {
  const isKept = ({ attempt, metrics }: AttemptReport) =>
    attempt === run.attempt && metrics.epoch === summary?.best_epoch;
  return (
    <EpochTable
      reports={reports}
      metrics={TRIAL_METRICS}
      caption={`${summary ? `Epoch ${summary.best_epoch} was kept. ` : ''}Precision and recall are strict.`}
      note={(report) => (isKept(report) ? 'kept' : undefined)}
      isKept={isKept}
    />
  );
}
