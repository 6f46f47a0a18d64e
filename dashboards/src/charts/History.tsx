import { useMemo } from 'react';
import type { Run, Study } from '../api/types.ts';
import { trialRows } from '../study/trialRows.model.ts';
import { Chart } from './Chart.tsx';
import { historyModel } from './history.model.ts';

interface Props {
  study: Study;
  runs: Run[];
  onOpen(runId: string): void;
}

export function History({ study, runs, onOpen }: Props) {
  const { goal } = study.spec.metric;
  const model = useMemo(() => historyModel(trialRows(runs), goal), [runs, goal]);
  return <Chart title="Best so far" tall model={model} onOpen={onOpen} />;
}
