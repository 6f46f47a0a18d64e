import type { RunKind } from '../api/types.ts';

/** What people call a run within its study. */
export function runName({ kind, number }: { kind: RunKind; number?: number | null }): string {
  if (kind === 'dapt') return 'Pretraining';
  return kind === 'final' ? 'Final run' : `Trial ${number}`;
}
