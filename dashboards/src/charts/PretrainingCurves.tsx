import { useMemo } from 'react';
import type { AdaptDetail } from '../api/types.ts';
import page from '../ui/Page.module.css';
import { Chart } from './Chart.tsx';
import { maskedLossModel, perplexityModel } from './pretraining.model.ts';

export function PretrainingCurves({ work: { reports, summary } }: { work: AdaptDetail }) {
  const before = summary?.before;
  const perplexity = useMemo(() => perplexityModel(reports, before), [reports, before]);
  const loss = useMemo(() => maskedLossModel(reports), [reports]);
  return (
    <div className={page.halves}>
      <Chart title="Held-out pseudo-perplexity" model={perplexity} />
      <Chart title="Masked-language-model loss" model={loss} />
    </div>
  );
}
