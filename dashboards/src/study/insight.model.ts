/** A study's insight as the lines and rows that the panel shows. */
import type { StudyInsight } from '../api/types.ts';
import { scalar } from '../lib/number.ts';

export interface ImportanceRow {
  name: string;
  /** Percent of the whole; absent while too few trials have completed. */
  percent?: number;
  /** What is wrong with the range. */
  warning?: string;
}

/** "auto version 1 chose tpe version 2 because …" */
export function samplerSentence(insight: StudyInsight): string | undefined {
  const { sampler } = insight;
  if (!sampler) return undefined;
  const chosen = sampler.chosen ? ` chose ${sampler.chosen}` : '';
  const why = sampler.why ? ` because ${sampler.why}` : '';
  return `${sampler.name}${chosen}${why}`;
}

export function importanceRows(insight: StudyInsight): ImportanceRow[] {
  return insight.parameters.map(({ name, importance, boundary }) => ({
    name,
    percent: importance == null ? undefined : Math.round(100 * importance),
    warning: boundary
      ? `best at the ${boundary.end === 'low' ? 'smallest' : 'largest'} values (${scalar(boundary.value)})`
      : undefined,
  }));
}

/** Why there is no importance yet. */
export function whyNoImportance(insight: StudyInsight): string | undefined {
  if (insight.trials >= insight.fewest) return undefined;
  return `${insight.trials} of the ${insight.fewest} completed trials that importance needs.`;
}
