/** The canvas. It is imported lazily, and the chart library with it. */
import type { EChartsType } from 'echarts/core';
import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { useTheme } from '../ui/theme.tsx';
import styles from './Chart.module.css';
import { init } from './echarts.ts';
import type { ChartModel } from './model.ts';
import { readPalette } from './palette.ts';

interface Props {
  title: string;
  model: ChartModel;
  onOpen?: ((id: string) => void) | undefined;
}

export default function Plot({ title, model, onOpen }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const chart = useRef<EChartsType>(null);
  const opener = useRef(onOpen);
  opener.current = onOpen;
  const { dark } = useTheme();

  useEffect(() => {
    if (host.current === null) return;
    const drawn = init(host.current);
    chart.current = drawn;
    drawn.on('click', (event) => {
      const opens = openedBy(event.data);
      if (opens !== undefined) opener.current?.(opens);
    });
    const watch = new ResizeObserver(() => drawn.resize());
    watch.observe(host.current);
    return () => {
      watch.disconnect();
      drawn.dispose();
    };
  }, []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the palette is read anew when the theme changes
  useEffect(() => {
    chart.current?.setOption(model.option(readPalette()), { notMerge: true });
  }, [model, dark]);

  const { reading, onKeyDown } = useCursor(chart, model, onOpen);
  return (
    <>
      {/* biome-ignore lint/a11y/useSemanticElements: HTML has no element for a canvas with a keyboard cursor */}
      <div
        ref={host}
        className={styles.canvas}
        role="group"
        aria-roledescription="chart"
        aria-label={`${title}. ${model.summary} Arrow keys read the points.`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys move the cursor here
        tabIndex={0}
        onKeyDown={onKeyDown}
      />
      <p className={styles.reading} aria-live="polite">
        {reading}
      </p>
    </>
  );
}

/** Arrow keys walk the points, Home and End jump, Enter opens, Escape closes the tooltip. */
function useCursor(chart: { current: EChartsType | null }, model: ChartModel, onOpen: Props['onOpen']) {
  const [at, setAt] = useState<number>();
  const stop = at === undefined ? undefined : model.stops[at];
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && stop?.opens !== undefined) return onOpen?.(stop.opens);
    if (event.key === 'Escape') {
      chart.current?.dispatchAction({ type: 'hideTip' });
      return setAt(undefined);
    }
    const next = moved(event.key, at, model.stops.length);
    const target = next === undefined ? undefined : model.stops[next];
    if (target === undefined) return;
    event.preventDefault();
    setAt(next);
    chart.current?.dispatchAction({
      type: 'showTip',
      seriesIndex: target.seriesIndex,
      dataIndex: target.dataIndex,
    });
  };
  return { reading: stop?.label, onKeyDown };
}

function moved(key: string, at: number | undefined, length: number): number | undefined {
  if (key === 'ArrowRight') return Math.min((at ?? -1) + 1, length - 1);
  if (key === 'ArrowLeft') return Math.max((at ?? length) - 1, 0);
  if (key === 'Home') return 0;
  return key === 'End' ? length - 1 : undefined;
}

function openedBy(data: unknown): string | undefined {
  if (typeof data !== 'object' || data === null || !('opens' in data)) return undefined;
  return typeof data.opens === 'string' ? data.opens : undefined;
}
