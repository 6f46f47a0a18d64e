import { RUN_STATE_NAMES, RUN_STATES } from '../api/states.ts';
import type { RunState } from '../api/types.ts';
import { Mark } from '../ui/Mark.tsx';
import styles from './StateFilter.module.css';
import { type TrialView, withState } from './trialView.ts';

interface Props {
  counts: Map<RunState, number>;
  view: TrialView;
  onView(view: TrialView): void;
}

/** One box for each state that occurs or is chosen. None chosen means all. */
export function StateFilter({ counts, view, onView }: Props) {
  const offered = RUN_STATE_NAMES.filter((state) => counts.has(state) || view.state?.includes(state));
  return (
    <fieldset className={styles.filter}>
      <legend className="visually-hidden">Show only trials that are</legend>
      {offered.map((state) => (
        <label key={state} className={styles.box}>
          <input
            type="checkbox"
            className={styles.input}
            checked={view.state?.includes(state) ?? false}
            onChange={(event) => onView(withState(view, state, event.target.checked))}
          />
          <Mark tone={RUN_STATES[state].tone} />
          {RUN_STATES[state].label}
          <span className={styles.count}>{counts.get(state) ?? 0}</span>
        </label>
      ))}
    </fieldset>
  );
}
