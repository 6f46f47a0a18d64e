import { RUN_STATES } from '../api/states.ts';
import type { Dapt } from '../api/types.ts';
import { DataTable } from '../ui/DataTable.tsx';
import styles from '../ui/Listing.module.css';
import { PRETRAINING_COLUMNS } from './pretrainingColumns.tsx';

export function PretrainingTable({ pretrainings }: { pretrainings: Dapt[] }) {
  const live = pretrainings.filter(({ run }) => RUN_STATES[run.state].live).length;
  const many = pretrainings.length === 1 ? '1 pretraining' : `${pretrainings.length} pretrainings`;
  return (
    <DataTable
      label="Pretrainings"
      className={styles.frame}
      caption={`${many}, ${live} under way. Newest first. Pseudo-perplexity of held-out text: lower is better.`}
      columns={PRETRAINING_COLUMNS}
      rows={pretrainings}
      rowKey={(pretraining) => pretraining.id}
    />
  );
}
