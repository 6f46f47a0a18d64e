import { useLiveQuery } from '../api/live.tsx';
import { queries } from '../api/queries.ts';
import type { AdaptDetail, RunDetail } from '../api/types.ts';
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

interface PretrainingContentProps {
  detail: RunDetail;
  /** The work of the run, which is of the kind `adapt`. */
  work: AdaptDetail;
}

/** The page of a pretraining's run. */
export function PretrainingContent({ detail, work }: PretrainingContentProps) {
  const pretraining = useLiveQuery(queries.pretraining(detail.run.queue_id, detail.queue_name));
  return (
    <div className={styles.stack}>
      <PretrainingHeader detail={detail} work={work} pretraining={pretraining.data} />
      <div className={styles.columns}>
        <PretrainingCurves work={work} />
        <div className={styles.stack}>
          <HeldOutPanel summary={work.summary} />
          <Loaded query={pretraining} what="the request">
            {(record) => <RequestPanel pretraining={record} />}
          </Loaded>
        </div>
      </div>
      <PretrainingEpochs reports={work.reports} />
      <AttemptTable attempts={detail.attempts} />
      <div className={styles.halves}>
        <ConfigurationPanel detail={detail} />
        <ArtifactTable attempts={detail.attempts} />
      </div>
      <LogPanel detail={detail} />
    </div>
  );
}
