/** Learning curves of one attempt at a trial: losses, and dev F1 under both protocols. */
import type { TrainReport } from '../api/types.ts';
import { quantity, score } from '../lib/number.ts';
import { epochCurves, type Line } from './epochs.model.ts';
import type { ChartModel } from './model.ts';

type Metrics = TrainReport['metrics'];

const LOSSES: Line<Metrics>[] = [
  { name: 'train loss', dashed: true, read: (m) => m.train_loss },
  { name: 'dev loss', dashed: false, read: (m) => m.dev_loss },
];
const SCORES: Line<Metrics>[] = [
  { name: 'strict', dashed: false, read: (m) => m.dev.strict.f1 },
  { name: 'conlleval', dashed: true, read: (m) => m.dev.conlleval.f1 },
];

export function lossModel(reports: TrainReport[], bestEpoch: number | undefined): ChartModel {
  const metrics = reports.map((report) => report.metrics);
  const last = metrics.at(-1);
  const summary = last
    ? `After epoch ${last.epoch}: train ${quantity(last.train_loss)} (smoothed), dev ${quantity(last.dev_loss)}.`
    : 'No epoch has been reported.';
  return epochCurves(metrics, LOSSES, quantity, summary, bestEpoch);
}

export function scoreModel(reports: TrainReport[], bestEpoch: number | undefined): ChartModel {
  const metrics = reports.map((report) => report.metrics);
  const last = metrics.at(-1);
  const best = metrics.find((m) => m.epoch === bestEpoch) ?? last;
  const summary = best
    ? `${best === last ? 'After' : 'Kept'} epoch ${best.epoch}: ${score(best.dev.strict.f1)} strict, ${score(best.dev.conlleval.f1)} conlleval.`
    : 'No epoch has been reported.';
  return epochCurves(metrics, SCORES, score, summary, bestEpoch);
}
