/** Search parameters as flat text, so that a shared link reads `?state=failed,pruned&sort=-value`. */

export function parseSearch(text: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(text));
}

export function stringifySearch(search: Record<string, unknown>): string {
  const pairs = Object.entries(search).flatMap(([key, value]) => {
    const text = Array.isArray(value) ? value.join(',') : value;
    return text === undefined || text === null || text === '' ? [] : [`${key}=${encode(String(text))}`];
  });
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

/** The members of `allowed` in a comma-separated text, in the order of `allowed`; anything else is dropped. */
export function listOf<T extends string>(value: unknown, allowed: readonly T[]): T[] {
  const given = new Set(typeof value === 'string' ? value.split(',') : Array.isArray(value) ? value : []);
  return allowed.filter((item) => given.has(item));
}

function encode(text: string): string {
  return encodeURIComponent(text).replaceAll('%2C', ',');
}
