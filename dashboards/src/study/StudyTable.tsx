import { STUDY_STATES } from '../api/states.ts';
import type { Study } from '../api/types.ts';
import { counted } from '../ui/counted.ts';
import { DataTable } from '../ui/DataTable.tsx';
import styles from '../ui/Listing.module.css';
import type { Rest } from '../ui/ShowMore.tsx';
import { STUDY_COLUMNS } from './studyColumns.tsx';

export function StudyTable({ studies, ...rest }: { studies: Study[] } & Partial<Rest>) {
  const live = studies.filter((study) => STUDY_STATES[study.state].live).length;
  return (
    <DataTable
      label="Studies"
      className={styles.frame}
      caption={`${counted(['study', 'studies'], studies.length, live, rest)} Newest first.`}
      columns={STUDY_COLUMNS}
      rows={studies}
      rowKey={(study) => study.id}
      {...rest}
    />
  );
}
