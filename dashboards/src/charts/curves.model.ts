/** Learning curves of one attempt: losses, and dev F1 under both protocols. */
import type { EChartsCoreOption } from 'echarts/core';
import type { AttemptReport } from '../api/types.ts';
import { quantity, score } from '../lib/number.ts';
import { axis, base, type ChartModel, type Palette } from './model.ts';

type Metrics = AttemptReport['metrics'];

interface Line {
  name: string;
  dashed: boolean;
  read(metrics: Metrics): number;
}

const LOSSES: Line[] = [
  { name: 'train loss', dashed: true, read: (m) => m.train_loss },
  { name: 'dev loss', dashed: false, read: (m) => m.dev_loss },
];
const SCORES: Line[] = [
  { name: 'strict', dashed: false, read: (m) => m.dev.strict.f1 },
  { name: 'conlleval', dashed: true, read: (m) => m.dev.conlleval.f1 },
];

/** The reports of the newest attempt that has any. */
export function newestReports(reports: AttemptReport[]): AttemptReport[] {
  const newest = reports.reduce((attempt, report) => Math.max(attempt, report.attempt), 0);
  return reports.filter((report) => report.attempt === newest);
}

export function lossModel(reports: AttemptReport[], bestEpoch: number | undefined): ChartModel {
  const last = reports.at(-1)?.metrics;
  const summary = last
    ? `After epoch ${last.epoch}: train ${quantity(last.train_loss)} (smoothed), dev ${quantity(last.dev_loss)}.`
    : 'No epoch has been reported.';
  return curves(reports, LOSSES, quantity, summary, bestEpoch);
}

export function scoreModel(reports: AttemptReport[], bestEpoch: number | undefined): ChartModel {
  const last = reports.at(-1)?.metrics;
  const best = reports.find((report) => report.metrics.epoch === bestEpoch)?.metrics ?? last;
  const summary = best
    ? `${best === last ? 'After' : 'Kept'} epoch ${best.epoch}: ${score(best.dev.strict.f1)} strict, ${score(best.dev.conlleval.f1)} conlleval.`
    : 'No epoch has been reported.';
  return curves(reports, SCORES, score, summary, bestEpoch);
}

function curves(
  reports: AttemptReport[],
  lines: Line[],
  show: (value: number) => string,
  summary: string,
  bestEpoch: number | undefined,
): ChartModel {
  const metrics = reports.map((report) => report.metrics);
  const read = (m: Metrics) => lines.map((line) => `${line.name} ${show(line.read(m))}`).join(', ');
  return {
    summary,
    empty: metrics.length === 0,
    option: (palette) => optionOf(metrics, lines, show, bestEpoch, palette),
    stops: metrics.map((m, dataIndex) => ({
      label: `Epoch ${m.epoch}: ${read(m)}`,
      seriesIndex: 0,
      dataIndex,
    })),
    table: {
      columns: ['Epoch', ...lines.map((line) => line.name)],
      rows: metrics.map((m) => ({
        key: String(m.epoch),
        cells: [String(m.epoch), ...lines.map((line) => show(line.read(m)))],
      })),
    },
  };
}

function optionOf(
  metrics: Metrics[],
  lines: Line[],
  show: (value: number) => string,
  bestEpoch: number | undefined,
  palette: Palette,
): EChartsCoreOption {
  const { tooltip, ...rest } = base(palette);
  return {
    ...rest,
    tooltip: Object.assign({}, tooltip, {
      trigger: 'axis',
      valueFormatter: show,
      axisPointer: { lineStyle: { color: palette.muted } },
    }),
    xAxis: {
      ...axis(palette, ''),
      type: 'category',
      data: metrics.map((m) => `epoch ${m.epoch}`),
      boundaryGap: false,
    },
    yAxis: { ...axis(palette, ''), type: 'value', scale: true },
    series: lines.map((line, index) => ({
      type: 'line',
      name: line.name,
      showSymbol: metrics.length < 2,
      symbolSize: 7,
      lineStyle: { width: 2, type: line.dashed ? 'dashed' : 'solid', color: palette.series[index] },
      itemStyle: { color: palette.series[index] },
      data: metrics.map(line.read),
      ...(index === 0 && bestEpoch !== undefined ? { markLine: bestMark(metrics, bestEpoch, palette) } : {}),
    })),
  };
}

function bestMark(metrics: Metrics[], bestEpoch: number, palette: Palette) {
  return {
    silent: true,
    symbol: 'none',
    label: { formatter: 'kept', color: palette.muted, fontSize: 11 },
    lineStyle: { color: palette.muted, type: 'dotted' },
    data: [{ xAxis: metrics.findIndex((m) => m.epoch === bestEpoch) }],
  };
}
