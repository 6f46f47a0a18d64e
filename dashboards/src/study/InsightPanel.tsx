import { Link } from '@tanstack/react-router';
import type { StudyInsight } from '../api/types.ts';
import { ABSENT } from '../lib/number.ts';
import type { Column } from '../ui/column.ts';
import { DataTable } from '../ui/DataTable.tsx';
import { Definition, Definitions } from '../ui/Definitions.tsx';
import { Meter } from '../ui/Meter.tsx';
import { Empty, Panel } from '../ui/Panel.tsx';
import styles from './InsightPanel.module.css';
import { type ImportanceRow, importanceRows, samplerSentence, whyNoImportance } from './insight.model.ts';

export const IMPORTANCE_COLUMNS: Column<ImportanceRow>[] = [
  { key: 'name', header: 'Parameter', rowHeader: true, cell: (row) => <Parameter row={row} /> },
  { key: 'importance', header: 'Importance', align: 'right', cell: (row) => <Percent row={row} /> },
];

/** The sampler, the donors, the parameters that mattered, and ranges that may be too narrow. */
export function InsightPanel({ insight }: { insight: StudyInsight }) {
  const sampler = samplerSentence(insight);
  const tooFew = whyNoImportance(insight);
  return (
    <Panel title="What mattered" flush>
      <div className={styles.facts}>
        <Definitions>
          {sampler && <Definition name="Sampler">{sampler}</Definition>}
          {insight.donors.map((donor) => (
            <Definition key={donor.study} name="Donor">
              <Link to="/studies/$studyId" params={{ studyId: donor.study }}>
                {donor.study}
              </Link>
              , weight {donor.weight.toFixed(2)}, {donor.given} configurations
            </Definition>
          ))}
        </Definitions>
      </div>
      {tooFew ? <Empty>{tooFew}</Empty> : <Importance insight={insight} />}
    </Panel>
  );
}

function Importance({ insight }: { insight: StudyInsight }) {
  return (
    <DataTable
      caption={`Importance of the parameters over ${insight.trials} completed trials (PED-ANOVA)`}
      captionHidden
      columns={IMPORTANCE_COLUMNS}
      rows={importanceRows(insight)}
      rowKey={({ name }) => name}
    />
  );
}

function Parameter({ row: { name, warning } }: { row: ImportanceRow }) {
  return (
    <>
      {name}
      {warning && <span className={styles.warning}>{warning}</span>}
    </>
  );
}

function Percent({ row: { percent } }: { row: ImportanceRow }) {
  return <Meter percent={percent ?? 0} text={percent === undefined ? ABSENT : `${percent} %`} />;
}
