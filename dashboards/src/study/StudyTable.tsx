import { STUDY_STATES } from '../api/states.ts';
import type { Study } from '../api/types.ts';
import { DataTable } from '../ui/DataTable.tsx';
import styles from '../ui/Listing.module.css';
import { STUDY_COLUMNS } from './studyColumns.tsx';

export function StudyTable({ studies }: { studies: Study[] }) {
  const live = studies.filter((study) => STUDY_STATES[study.state].live).length;
  const many = studies.length === 1 ? '1 study' : `${studies.length} studies`;
  return (
    <DataTable
      label="Studies"
      className={styles.frame}
      caption={`${many}, ${live} under way. Newest first.`}
      columns={STUDY_COLUMNS}
      rows={studies}
      rowKey={(study) => study.id}
    />
  );
}
