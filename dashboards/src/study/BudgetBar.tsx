import { RUN_STATE_NAMES, RUN_STATES } from '../api/states.ts';
import type { TrialCounts } from '../api/types.ts';
import styles from './BudgetBar.module.css';

interface Props {
  counts: TrialCounts;
  budget: number;
}

/** How much of the budget is spent, and on what. */
export function BudgetBar({ counts, budget }: Props) {
  const ended = counts.completed + counts.pruned + counts.failed + counts.cancelled;
  const order = RUN_STATE_NAMES.filter((state) => state !== 'waiting').toReversed();
  const parts = [...order.filter((s) => !RUN_STATES[s].live), ...order.filter((s) => RUN_STATES[s].live)]
    .sort((a, b) => Number(b === 'completed') - Number(a === 'completed'))
    .filter((state) => counts[state] > 0);
  const words = parts.map((state) => `${counts[state]} ${RUN_STATES[state].label}`).join(', ');
  return (
    <span className={styles.budget} title={words || 'no trial has started'}>
      <span className={styles.bar} aria-hidden="true">
        {parts.map((state) => (
          <span
            key={state}
            className={styles.part}
            data-tone={RUN_STATES[state].tone}
            style={{ width: `${(100 * counts[state]) / Math.max(budget, 1)}%` }}
          />
        ))}
      </span>
      <span>
        {ended}/{budget}
        <span className="visually-hidden"> trials ended{words && ` (${words})`}</span>
      </span>
    </span>
  );
}
