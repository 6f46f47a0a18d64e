import type { RunDetail, TrainDetail } from '../api/types.ts';
import { Curves } from '../charts/Curves.tsx';
import styles from '../ui/Page.module.css';
import { ArtifactTable } from './ArtifactTable.tsx';
import { AttemptTable } from './AttemptTable.tsx';
import { ConfigurationPanel } from './ConfigurationPanel.tsx';
import { LogPanel } from './LogPanel.tsx';
import { RunHeader } from './RunHeader.tsx';
import { SuggestionPanel } from './SuggestionPanel.tsx';
import { TrialEpochs } from './TrialEpochs.tsx';

interface TrialContentProps {
  detail: RunDetail;
  /** The work of the run, which is of the kind `train`. */
  work: TrainDetail;
}

/** The page of a trial or a final run. */
export function TrialContent({ detail, work }: TrialContentProps) {
  return (
    <div className={styles.stack}>
      <RunHeader detail={detail} work={work} />
      <div className={styles.columns}>
        <Curves work={work} />
        <ConfigurationPanel detail={detail} />
      </div>
      <TrialEpochs work={work} />
      <AttemptTable attempts={detail.attempts} />
      <div className={styles.halves}>
        <ArtifactTable attempts={detail.attempts} />
        <SuggestionPanel kind={detail.run.kind} suggestion={work.suggestion} />
      </div>
      <LogPanel detail={detail} />
    </div>
  );
}
