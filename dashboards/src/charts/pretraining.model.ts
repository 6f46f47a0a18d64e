/** Curves of one attempt at a pretraining: its loss, and how well the held-out text is predicted. */
import type { AdaptReport, HeldOutScores } from '../api/types.ts';
import { quantity } from '../lib/number.ts';
import { epochCurves, type Line } from './epochs.model.ts';
import type { ChartModel } from './model.ts';

type Metrics = AdaptReport['metrics'];

const LOSS: Line<Metrics>[] = [{ name: 'train loss', dashed: false, read: (m) => m.train_loss }];
const PERPLEXITY: Line<Metrics>[] = [
  { name: 'pseudo-perplexity', dashed: false, read: (m) => m.held_out.pseudo_perplexity },
];

export function maskedLossModel(reports: AdaptReport[]): ChartModel {
  const metrics = reports.map((report) => report.metrics);
  const last = metrics.at(-1);
  const summary = last
    ? `Mean of epoch ${last.epoch}: ${quantity(last.train_loss)} for each masked piece.`
    : 'No epoch has been reported.';
  return epochCurves(metrics, LOSS, quantity, summary, undefined);
}

/** `before` is the held-out text without the adapter, known at the end. */
export function perplexityModel(reports: AdaptReport[], before: HeldOutScores | undefined): ChartModel {
  const metrics = reports.map((report) => report.metrics);
  const last = metrics.at(-1);
  const start = before ? ` It was ${quantity(before.pseudo_perplexity)} without the adapter.` : '';
  const summary = last
    ? `After epoch ${last.epoch}: ${quantity(last.held_out.pseudo_perplexity)}, lower is better.${start}`
    : 'No epoch has been reported.';
  return epochCurves(metrics, PERPLEXITY, quantity, summary, undefined);
}
