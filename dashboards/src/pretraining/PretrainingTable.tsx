import { RUN_STATES } from '../api/states.ts';
import type { Dapt } from '../api/types.ts';
import { counted } from '../ui/counted.ts';
import { DataTable } from '../ui/DataTable.tsx';
import styles from '../ui/Listing.module.css';
import type { Rest } from '../ui/ShowMore.tsx';
import { PRETRAINING_COLUMNS } from './pretrainingColumns.tsx';

export function PretrainingTable({ pretrainings, ...rest }: { pretrainings: Dapt[] } & Partial<Rest>) {
  const live = pretrainings.filter(({ run }) => RUN_STATES[run.state].live).length;
  const counts = counted(['pretraining', 'pretrainings'], pretrainings.length, live, rest);
  return (
    <DataTable
      label="Pretrainings"
      className={styles.frame}
      caption={`${counts} Newest first. Pseudo-perplexity of held-out text: lower is better.`}
      columns={PRETRAINING_COLUMNS}
      rows={pretrainings}
      rowKey={(pretraining) => pretraining.id}
      {...rest}
    />
  );
}
