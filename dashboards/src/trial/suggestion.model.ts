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
  finished: Trials;
  /** Waiting and running trials that it saw. */
  pending: Trials;
  /** Trials left out because their parameters do not lie in the space. */
  skipped: Trials;
  /** From the start-up design: too few trials had finished. */
  startup: boolean;
}

/** A set of trials, kept as ranges: the record of a long study names thousands. */
interface Trials {
  count: number;
  /** `1–4, 7, 9–12`. */
  ranges: string;
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
    finished: trialsOf(record.finished),
    pending: trialsOf(record.pending),
    skipped: trialsOf(record.skipped),
    startup: record.startup ?? false,
  };
}

/** Each span is a number, or a pair `[first, last]` for several in a row; the record has them in order. */
function trialsOf(spans: TrialNumbers = []): Trials {
  const pairs = spans.map((span) => {
    const [first = 0, last = first] = typeof span === 'number' ? [span] : span;
    return { first, last };
  });
  return {
    count: pairs.reduce((sum, { first, last }) => sum + last - first + 1, 0),
    ranges: pairs.map(({ first, last }) => (first === last ? `${first}` : `${first}–${last}`)).join(', '),
  };
}
