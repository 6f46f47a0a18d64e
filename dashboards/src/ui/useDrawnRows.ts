import { useVirtualizer } from '@tanstack/react-virtual';
import { useRef } from 'react';
import type { DrawnRows } from './DataTable.tsx';

const ROW_HEIGHT = 34;

/** Draws only the rows that are in sight of the frame, and a few around them. */
export function useDrawnRows(count: number) {
  const frame = useRef<HTMLElement>(null);
  const virtualizer = useVirtualizer({
    count,
    getScrollElement: () => frame.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 12,
  });
  const items = virtualizer.getVirtualItems();
  const [first, last] = [items[0], items.at(-1)];
  const drawn: DrawnRows = {
    first: first?.index ?? 0,
    end: last === undefined ? 0 : last.index + 1,
    heightAbove: first?.start ?? 0,
    heightBelow: virtualizer.getTotalSize() - (last?.end ?? 0),
  };
  return { frame, drawn };
}
