import { useMemo } from 'react';
import type { TrainDetail } from '../api/types.ts';
import page from '../ui/Page.module.css';
import { Chart } from './Chart.tsx';
import { lossModel, scoreModel } from './curves.model.ts';

export function Curves({ work: { reports, summary } }: { work: TrainDetail }) {
  const best = summary?.best_epoch;
  const scores = useMemo(() => scoreModel(reports, best), [reports, best]);
  const losses = useMemo(() => lossModel(reports, best), [reports, best]);
  return (
    <div className={page.halves}>
      <Chart title="Dev F1" model={scores} />
      <Chart title="Loss" model={losses} />
    </div>
  );
}
