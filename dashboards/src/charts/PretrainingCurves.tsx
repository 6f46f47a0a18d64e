import { useMemo } from 'react';
import type { RunDetail } from '../api/types.ts';
import page from '../ui/Page.module.css';
import { Chart } from './Chart.tsx';
import { newestReports } from './epochs.model.ts';
import { maskedLossModel, perplexityModel } from './pretraining.model.ts';

export function PretrainingCurves({ detail }: { detail: RunDetail }) {
  const reports = useMemo(() => newestReports(detail.dapt_reports ?? []), [detail.dapt_reports]);
  const before = detail.dapt_summary?.before;
  const perplexity = useMemo(() => perplexityModel(reports, before), [reports, before]);
  const loss = useMemo(() => maskedLossModel(reports), [reports]);
  return (
    <div className={page.halves}>
      <Chart title="Held-out pseudo-perplexity" model={perplexity} />
      <Chart title="Masked-language-model loss" model={loss} />
    </div>
  );
}
