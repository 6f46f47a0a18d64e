import type { ScoringProtocol, Seal } from '../api/types.ts';

/** The mean test F1 of the final models; nothing until the scores are sealed. */
export function testF1(seal: Seal | null | undefined, protocol: ScoringProtocol): number | undefined {
  const scores = seal?.results.map((result) => result.scores.overall[protocol].f1) ?? [];
  if (scores.length === 0) return undefined;
  return scores.reduce((sum, f1) => sum + f1, 0) / scores.length;
}
