import type { TrainDetail, TrainReport } from '../api/types.ts';
import { EpochTable } from './EpochTable.tsx';
import { TRIAL_METRICS } from './epochColumns.tsx';

export function TrialEpochs({ work: { reports, summary } }: { work: TrainDetail }) {
  const isKept = ({ metrics }: TrainReport) => metrics.epoch === summary?.best_epoch;
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
