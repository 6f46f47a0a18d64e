/** What a trial's page says of where its parameters came from. */
import type { SuggestedRecord, SuggestionRecord, TrialNumbers } from '../api/types.ts';

export type SuggestionView =
  | { kind: 'suggested'; suggestion: Suggestion }
  | { kind: 'given'; key: string }
  | { kind: 'unreadable'; why: string };

export interface Suggestion {
  /** Name and version. */
  sampler: string;
  seed: number;
  /** Finished trials that it saw. */
  finished: number[];
  /** Waiting and running trials that it saw. */
  pending: number[];
  /** Trials left out because their parameters do not lie in the space. */
  skipped: number[];
  /** From the start-up design: too few trials had finished. */
  startup: boolean;
}

export function viewOf(record: SuggestionRecord | null | undefined): SuggestionView | undefined {
  if (!record) return undefined;
  if ('unreadable' in record) return { kind: 'unreadable', why: record.unreadable };
  if ('key' in record) return { kind: 'given', key: record.key };
  return { kind: 'suggested', suggestion: suggestionOf(record) };
}

function suggestionOf(record: SuggestedRecord): Suggestion {
  return {
    sampler: `${record.sampler}, version ${record.version}`,
    seed: record.seed,
    finished: numbers(record.finished),
    pending: numbers(record.pending),
    skipped: numbers(record.skipped),
    startup: record.startup ?? false,
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

/** Every number; a pair `[first, last]` stands for several in a row. */
function numbers(spans: TrialNumbers | undefined): number[] {
  return (spans ?? []).flatMap((span) => {
    if (typeof span === 'number') return [span];
    const [first = 0, last = first] = span;
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}
