import type { Run } from '../api/types.ts';

/** What people call a run within its study. */
export function runName({ kind, number, replicate }: Pick<Run, 'kind' | 'number' | 'replicate'>): string {
  switch (kind) {
    case 'dapt':
      return 'Pretraining';
    case 'test':
      return 'Test run';
    case 'final':
      return replicate && replicate > 1 ? `Final run ${replicate}` : 'Final run';
    case 'trial':
      return `Trial ${number}`;
  }
}
