/** The record of a suggestion. Its shape is the sampler's own and may grow, so each part is looked for. */

export interface SuggestionView {
  sampler: string;
  seed: string;
  /** Finished trials that it saw. */
  finished: number[];
  /** Trials that it saw waiting or running. */
  pending: number[];
  /** Trials left out because their parameters do not lie in the space. */
  skipped: number[];
  /** Drawn at random for want of finished trials. */
  startup: boolean;
}

export function readSuggestion(record: unknown): SuggestionView | undefined {
  if (typeof record !== 'object' || record === null) return undefined;
  const part = new Map(Object.entries(record));
  return {
    sampler: [text(part.get('sampler')), part.has('version') ? `version ${text(part.get('version'))}` : '']
      .filter(Boolean)
      .join(', '),
    seed: text(part.get('seed')),
    finished: numbers(part.get('finished')),
    pending: numbers(part.get('pending')),
    skipped: numbers(part.get('skipped')),
    startup: part.get('startup') === true,
  };
}

/** `1–4, 7, 9–12`. */
export function ranges(values: number[]): string {
  const spans: [number, number][] = [];
  for (const value of [...values].sort((a, b) => a - b)) {
    const last = spans.at(-1);
    if (last && value <= last[1] + 1) last[1] = value;
    else spans.push([value, value]);
  }
  return spans.map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`)).join(', ');
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

/** Numbers, and pairs `[first, last]` for many in a row. */
function numbers(value: unknown): number[] {
  return Array.isArray(value) ? value.flatMap(row) : [];
}

function row(item: unknown): number[] {
  const [first, last] = Array.isArray(item) ? item : [item, item];
  if (typeof first !== 'number' || typeof last !== 'number' || last < first) return [];
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
