import { useLiveQuery } from '../api/live.tsx';
import { queries } from '../api/queries.ts';
import type { RunDetail } from '../api/types.ts';
import { PretrainingCurves } from '../charts/PretrainingCurves.tsx';
import { ArtifactTable } from '../trial/ArtifactTable.tsx';
import { AttemptTable } from '../trial/AttemptTable.tsx';
import { ConfigurationPanel } from '../trial/ConfigurationPanel.tsx';
import { LogPanel } from '../trial/LogPanel.tsx';
import { Loaded } from '../ui/Loaded.tsx';
import styles from '../ui/Page.module.css';
import { HeldOutPanel } from './HeldOutPanel.tsx';
import { PretrainingEpochs } from './PretrainingEpochs.tsx';
import { PretrainingHeader } from './PretrainingHeader.tsx';
import { RequestPanel } from './RequestPanel.tsx';

/** The page of a pretraining's run. */
export function PretrainingContent({ detail }: { detail: RunDetail }) {
  const pretraining = useLiveQuery(queries.pretraining(detail.run.study_id, detail.study_name));
  return (
    <div className={styles.stack}>
      <PretrainingHeader detail={detail} waits={pretraining.data?.waits} />
      <div className={styles.columns}>
        <PretrainingCurves detail={detail} />
        <div className={styles.stack}>
          <HeldOutPanel summary={detail.dapt_summary} />
          <Loaded query={pretraining} what="the request">
            {(record) => <RequestPanel pretraining={record} />}
          </Loaded>
        </div>
      </div>
      <PretrainingEpochs detail={detail} />
      <AttemptTable attempts={detail.attempts} />
      <div className={styles.halves}>
        <ConfigurationPanel detail={detail} />
        <ArtifactTable attempts={detail.attempts} />
      </div>
      <LogPanel detail={detail} />
    </div>
  );
}
