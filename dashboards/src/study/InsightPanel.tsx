import { Link } from '@tanstack/react-router';
import type { StudyInsight } from '../api/types.ts';
import { ABSENT } from '../lib/number.ts';
import { Definition, Definitions } from '../ui/Definitions.tsx';
import { Meter } from '../ui/Meter.tsx';
import { Empty, Panel } from '../ui/Panel.tsx';
import table from '../ui/Table.module.css';
import styles from './InsightPanel.module.css';
import { type ImportanceRow, importanceRows, missing, samplerSentence } from './insight.model.ts';

/** Who proposed, who donated, which parameters mattered, and which ranges may be too narrow. */
export function InsightPanel({ insight }: { insight: StudyInsight }) {
  const sampler = samplerSentence(insight);
  const tooFew = missing(insight);
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
    <table className={table.table}>
      <caption className="visually-hidden">
        Importance of the parameters over {insight.trials} completed trials (PED-ANOVA)
      </caption>
      <thead>
        <tr>
          <th scope="col">Parameter</th>
          <th scope="col" className={table.number}>
            Importance
          </th>
        </tr>
      </thead>
      <tbody>
        {importanceRows(insight).map((row) => (
          <Parameter key={row.name} row={row} />
        ))}
      </tbody>
    </table>
  );
}

function Parameter({ row }: { row: ImportanceRow }) {
  return (
    <tr>
      <th scope="row">
        {row.name}
        {row.warning && <span className={styles.warning}>{row.warning}</span>}
      </th>
      <td className={table.number}>
        <Meter percent={row.percent ?? 0} text={row.percent === undefined ? ABSENT : `${row.percent} %`} />
      </td>
    </tr>
  );
}
