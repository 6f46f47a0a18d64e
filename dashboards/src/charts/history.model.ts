/** Best-so-far history: every trial as a point by state, and the best completed value up to each number. */
import type { EChartsCoreOption } from 'echarts/core';
import { RUN_STATE_NAMES, RUN_STATES, type Tone } from '../api/states.ts';
import type { RunState, Study } from '../api/types.ts';
import { score } from '../lib/number.ts';
import type { TrialRow } from '../study/trialRows.model.ts';
import { axis, base, type ChartModel, type Palette, type Stop } from './model.ts';

type Goal = Study['spec']['metric']['goal'];

export interface Step {
  number: number;
  best: number;
}

const SYMBOLS: Record<Tone, string> = {
  idle: 'circle',
  prepare: 'circle',
  live: 'path://M0 0L10 5L0 10Z',
  done: 'circle',
  pruned: 'diamond',
  failed: 'path://M1 0L5 4L9 0L10 1L6 5L10 9L9 10L5 6L1 10L0 9L4 5L0 1Z',
  stopped: 'rect',
};

const HOLLOW: ReadonlySet<Tone> = new Set<Tone>(['idle', 'prepare']);

/** The best completed value up to each number, in the order of numbers. */
export function bestSoFar(rows: TrialRow[], goal: Goal): Step[] {
  const steps: Step[] = [];
  let best: number | undefined;
  for (const row of [...rows].sort((a, b) => a.number - b.number)) {
    if (row.state === 'completed' && row.value !== undefined) {
      const better = best === undefined || (goal === 'maximize' ? row.value > best : row.value < best);
      if (better) best = row.value;
    }
    if (best !== undefined) steps.push({ number: row.number, best });
  }
  return steps;
}

export function historyModel(rows: TrialRow[], goal: Goal): ChartModel {
  const steps = bestSoFar(rows, goal);
  const states = RUN_STATE_NAMES.filter((state) => rows.some((row) => row.state === state));
  const points = states.map((state) => ({ state, rows: rows.filter((row) => row.state === state) }));
  return {
    summary: summarise(rows, steps, states),
    empty: rows.length === 0,
    option: (palette) => optionOf(points, steps, palette),
    stops: points
      .flatMap(({ rows: group }, series) => group.map((row, at) => ({ row, series, at })))
      .sort((a, b) => a.row.number - b.row.number)
      .map(({ row, series, at }) => stopOf(row, series, at)),
    table: {
      columns: ['Trial', 'State', 'Dev F1', 'Best so far'],
      rows: tableRows(rows, steps),
    },
  };
}

function summarise(rows: TrialRow[], steps: Step[], states: RunState[]): string {
  const counts = states.map(
    (state) => `${rows.filter((r) => r.state === state).length} ${RUN_STATES[state].label}`,
  );
  const without = rows.filter((row) => row.value === undefined).length;
  const best = steps.at(-1);
  const first = best && steps.find((step) => step.best === best.best);
  return [
    `${counts.join(', ') || 'No trial yet'}.`,
    best && first ? `Best dev F1 ${score(best.best)}, reached at trial ${first.number}.` : '',
    without > 0 ? `${without} without a value ${without === 1 ? 'is' : 'are'} marked on the axis.` : '',
  ]
    .filter(Boolean)
    .join(' ');
}

interface Group {
  state: RunState;
  rows: TrialRow[];
}

function optionOf(groups: Group[], steps: Step[], palette: Palette): EChartsCoreOption {
  const values = groups.flatMap(({ rows }) => rows.flatMap((row) => row.value ?? []));
  const { low, high } = bounds(values);
  return {
    ...base(palette),
    xAxis: {
      ...axis(palette, ''),
      type: 'value',
      minInterval: 1,
      min: 'dataMin',
      max: 'dataMax',
      splitLine: { show: false },
    },
    yAxis: {
      ...axis(palette, ''),
      type: 'value',
      min: low,
      max: high,
      axisLabel: {
        color: palette.muted,
        fontSize: 11,
        showMinLabel: false,
        formatter: (value: number) => value.toFixed(2),
      },
    },
    series: [...groups.map((group) => scatter(group, low, palette)), bestLine(steps, palette)],
  };
}

function scatter({ state, rows }: Group, low: number, palette: Palette) {
  const { label, tone } = RUN_STATES[state];
  return {
    type: 'scatter',
    name: label,
    symbol: SYMBOLS[tone],
    symbolSize: 9,
    cursor: 'pointer',
    itemStyle: HOLLOW.has(tone)
      ? { color: palette.surface, borderColor: palette.tones[tone], borderWidth: 2 }
      : { color: palette.tones[tone], opacity: 0.9 },
    tooltip: { formatter: (point: { dataIndex: number }) => pointText(rows[point.dataIndex]) },
    data: rows.map((row) => ({ value: [row.number, row.value ?? low], opens: row.id })),
  };
}

function bestLine(steps: Step[], palette: Palette) {
  return {
    type: 'line',
    name: 'best so far',
    step: 'end',
    showSymbol: false,
    silent: true,
    lineStyle: { width: 2, color: palette.accent },
    itemStyle: { color: palette.accent },
    data: steps.map(({ number, best }) => [number, best]),
  };
}

/** Room around the values, on round hundredths. */
export function bounds(values: number[]): { low: number; high: number } {
  if (values.length === 0) return { low: 0, high: 1 };
  const least = values.reduce((a, b) => Math.min(a, b));
  const most = values.reduce((a, b) => Math.max(a, b));
  const room = Math.max((most - least) * 0.08, 0.01);
  const low = Math.floor((least - room) * 100) / 100;
  const high = Math.ceil((most + room) * 100) / 100;
  return { low: least >= 0 ? Math.max(low, 0) : low, high };
}

function stopOf(row: TrialRow, seriesIndex: number, dataIndex: number): Stop {
  return { label: `${pointText(row)}. Enter opens it.`, seriesIndex, dataIndex, opens: row.id };
}

function pointText(row: TrialRow | undefined): string {
  if (row === undefined) return '';
  const value =
    row.value === undefined ? 'no value' : `dev F1 ${score(row.value)}${row.provisional ? ' so far' : ''}`;
  return `Trial ${row.number}, ${RUN_STATES[row.state].label}, ${value}`;
}

function tableRows(rows: TrialRow[], steps: Step[]) {
  const best = new Map(steps.map((step) => [step.number, step.best]));
  return rows.map((row) => ({
    key: row.id,
    cells: [String(row.number), RUN_STATES[row.state].label, score(row.value), score(best.get(row.number))],
  }));
}
