/** How a stale query is fetched again without starving. What made it stale is not known here. */
import type { Query, QueryClient, QueryKey } from '@tanstack/react-query';

/** Queries whose fetch is under way and must be followed by another. */
const waiting = new WeakSet<Query>();

/**
 * Marks a query stale, and fetches it again if somebody looks at it. A fetch under way comes to its end first, and one
 * more follows it however many changes came meanwhile: changes that are faster than answers cannot starve a query.
 */
export async function refresh(client: QueryClient, queryKey: QueryKey): Promise<void> {
  const query = client.getQueryCache().find({ queryKey });
  if (query === undefined || waiting.has(query)) return;
  if (query.state.fetchStatus !== 'idle') {
    waiting.add(query);
    await query.promise?.catch(() => undefined);
    waiting.delete(query);
  }
  await client.invalidateQueries({ queryKey, exact: true });
}
