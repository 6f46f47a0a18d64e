/** What a chart is made of. A pure function makes it from rows, and the wrapper draws it. */
import type { EChartsCoreOption } from 'echarts/core';
import type { Tone } from '../api/states.ts';
import type { Column } from '../ui/column.ts';

export interface Palette {
  ink: string;
  muted: string;
  line: string;
  surface: string;
  accent: string;
  series: [string, string];
  tones: Record<Tone, string>;
  font: string;
}

/** A stop of the keyboard's cursor. */
export interface Stop {
  label: string;
  seriesIndex: number;
  dataIndex: number;
  /** What Enter opens. */
  opens?: string;
}

export interface ChartModel {
  /** What the chart shows, and of which trials or epochs. */
  summary: string;
  /** The chart has nothing to draw yet. */
  empty: boolean;
  option(palette: Palette): EChartsCoreOption;
  stops: Stop[];
  table: { columns: string[]; rows: ValueRow[] };
}

/** The values of one point, one under each column. */
interface ValueRow {
  key: string;
  cells: string[];
}

export function valueColumns(names: string[]): Column<ValueRow>[] {
  return names.map((name, at) => ({
    key: name,
    header: name,
    align: 'right',
    cell: ({ cells }) => cells[at],
  }));
}

/** What all charts share: no animation, and tooltips in the canvas, because HTML tooltips break the content policy. */
export function base(palette: Palette): EChartsCoreOption {
  return {
    animation: false,
    textStyle: { fontFamily: palette.font, color: palette.muted },
    grid: { left: 8, right: 16, top: 36, bottom: 4, outerBoundsMode: 'same', outerBoundsContain: 'all' },
    legend: {
      type: 'scroll',
      pageIconColor: palette.muted,
      pageIconInactiveColor: palette.line,
      pageTextStyle: { color: palette.muted },
      top: 0,
      left: 0,
      itemWidth: 16,
      itemHeight: 9,
      itemGap: 14,
      textStyle: { color: palette.muted, fontSize: 12 },
      inactiveColor: palette.line,
    },
    tooltip: {
      renderMode: 'richText',
      confine: true,
      backgroundColor: palette.surface,
      borderColor: palette.line,
      textStyle: { color: palette.ink, fontSize: 12, fontFamily: palette.font },
    },
  };
}

export function axis(palette: Palette, name: string): EChartsCoreOption {
  return {
    name,
    nameTextStyle: { color: palette.muted, fontSize: 11 },
    axisLine: { lineStyle: { color: palette.line } },
    axisTick: { show: false },
    axisLabel: { color: palette.muted, fontSize: 11 },
    splitLine: { lineStyle: { color: palette.line, opacity: 0.6 } },
  };
}
