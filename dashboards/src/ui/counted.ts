/** The sentence of a caption that counts the rows of a list, of which some may not be here yet. */
import { count } from '../lib/number.ts';
import type { Rest } from './ShowMore.tsx';

/** `2 studies, 1 under way.` Those under way are known only once the whole list is here. */
export function counted(
  [one, many]: [one: string, many: string],
  shown: number,
  live: number,
  { total, hasMore = false }: Partial<Rest>,
): string {
  if (hasMore && total === undefined) return `The first ${count(shown)} ${many}.`;
  const whole = total ?? shown;
  const rows = whole === 1 ? `1 ${one}` : `${count(whole)} ${many}`;
  return hasMore ? `${rows}.` : `${rows}, ${live} under way.`;
}
