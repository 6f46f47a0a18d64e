/** Lines over the epochs of one attempt, whatever was trained. */
import type { EChartsCoreOption } from 'echarts/core';
import { axis, base, type ChartModel, type Palette } from './model.ts';

interface Epoch {
  epoch: number;
}

export interface Line<M> {
  name: string;
  dashed: boolean;
  read(metrics: M): number;
}

/** `bestEpoch` is marked as the one that was kept. */
export function epochCurves<M extends Epoch>(
  metrics: M[],
  lines: Line<M>[],
  show: (value: number) => string,
  summary: string,
  bestEpoch: number | undefined,
): ChartModel {
  const read = (m: M) => lines.map((line) => `${line.name} ${show(line.read(m))}`).join(', ');
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

function optionOf<M extends Epoch>(
  metrics: M[],
  lines: Line<M>[],
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

function bestMark(metrics: Epoch[], bestEpoch: number, palette: Palette) {
  return {
    silent: true,
    symbol: 'none',
    label: { formatter: 'kept', color: palette.muted, fontSize: 11 },
    lineStyle: { color: palette.muted, type: 'dotted' },
    data: [{ xAxis: metrics.findIndex((m) => m.epoch === bestEpoch) }],
  };
}
