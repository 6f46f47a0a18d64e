import type { ScoringProtocol, Seal } from '../api/types.ts';
import { score } from '../lib/number.ts';
import styles from './TestScore.module.css';

interface Props {
  seal: Seal | null | undefined;
  protocol: ScoringProtocol;
}

/** The sealed test F1, or a padlock while nobody may know it. */
export function TestScore({ seal, protocol }: Props) {
  if (seal?.scores) return <span className={styles.score}>{score(seal.scores.overall[protocol].f1)}</span>;
  const why = seal ? 'The test split is open; the final run is scoring it' : 'Locked until the final run';
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
