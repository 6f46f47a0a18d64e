import type { ScoringProtocol, Seal } from '../api/types.ts';
import { score } from '../lib/number.ts';
import styles from './TestScore.module.css';
import { testF1 } from './testF1.ts';

interface Props {
  seal: Seal | null | undefined;
  protocol: ScoringProtocol;
}

/** The sealed test F1, or a padlock while nobody may know it. */
export function TestScore({ seal, protocol }: Props) {
  const f1 = testF1(seal, protocol);
  if (f1 !== undefined) return <span className={styles.score}>{score(f1)}</span>;
  const why = seal ? 'The test split is open; the test run is scoring it' : 'Locked until the test run';
  return (
    <span className={styles.locked} title={why}>
      <svg viewBox="0 0 16 16" aria-hidden="true" className={styles.padlock}>
        <rect x="3" y="7" width="10" height="7" rx="1.5" fill="currentColor" />
        <path d="M5 7V5a3 3 0 0 1 6 0v2" fill="none" stroke="currentColor" strokeWidth="1.6" />
      </svg>
      <span className="visually-hidden">{why}</span>
    </span>
  );
}
