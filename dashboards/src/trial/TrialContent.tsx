import type { RunDetail } from '../api/types.ts';
import { Curves } from '../charts/Curves.tsx';
import styles from '../ui/Page.module.css';
import { ArtifactTable } from './ArtifactTable.tsx';
import { AttemptTable } from './AttemptTable.tsx';
import { ConfigurationPanel } from './ConfigurationPanel.tsx';
import { LogPanel } from './LogPanel.tsx';
import { RunHeader } from './RunHeader.tsx';
import { SuggestionPanel } from './SuggestionPanel.tsx';
import { TestScorePanel } from './TestScorePanel.tsx';
import { TrialEpochs } from './TrialEpochs.tsx';

/** The page of a trial or a final run. */
export function TrialContent({ detail }: { detail: RunDetail }) {
  return (
    <div className={styles.stack}>
      <RunHeader detail={detail} />
      {detail.summary?.test && <TestScorePanel scores={detail.summary.test} />}
      <div className={styles.columns}>
        <Curves detail={detail} />
        <ConfigurationPanel detail={detail} />
      </div>
      <TrialEpochs detail={detail} />
      <AttemptTable attempts={detail.attempts} />
      <div className={styles.halves}>
        <ArtifactTable attempts={detail.attempts} />
        <SuggestionPanel detail={detail} />
      </div>
      <LogPanel detail={detail} />
    </div>
  );
}
