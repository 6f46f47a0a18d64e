/** Which trials are shown, and in which order. It lives in the address, so that a link, a reload and back keep it. */
import { RUN_STATE_NAMES } from '../api/states.ts';
import type { RunState } from '../api/types.ts';
import { listOf } from '../lib/search.ts';
import type { Order } from '../ui/sort.ts';

export interface TrialView {
  /** Only these states; all when absent. */
  state?: RunState[];
  /** A column, with a minus for descending order; by number when absent. */
  sort?: string;
}

const BY_NUMBER: Order = { column: 'number', descending: false };

/** Reads an address and drops what is unknown. */
export function readTrialView(search: Record<string, unknown>): TrialView {
  const view: TrialView = {};
  const states = listOf(search.state, RUN_STATE_NAMES);
  if (states.length > 0) view.state = states;
  if (typeof search.sort === 'string' && search.sort !== '') view.sort = search.sort;
  return view;
}

export function orderOf(view: TrialView): Order {
  if (view.sort === undefined) return BY_NUMBER;
  const descending = view.sort.startsWith('-');
  return { column: descending ? view.sort.slice(1) : view.sort, descending };
}

/** The view after a click on a column's header. The first click sorts in the column's natural direction, the next in the other. */
export function sortedBy(view: TrialView, column: string, descendingFirst: boolean): TrialView {
  const now = orderOf(view);
  const descending = now.column === column ? !now.descending : descendingFirst;
  const { sort: _, ...rest } = view;
  if (column === BY_NUMBER.column && !descending) return rest;
  return { ...rest, sort: `${descending ? '-' : ''}${column}` };
}

export function withState(view: TrialView, state: RunState, shown: boolean): TrialView {
  const chosen = new Set(view.state ?? []);
  if (shown) chosen.add(state);
  else chosen.delete(state);
  return readTrialView({ ...view, state: [...chosen] });
}
