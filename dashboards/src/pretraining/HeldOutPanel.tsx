import type { DaptSummary } from '../api/types.ts';
import { count } from '../lib/number.ts';
import { Empty, Panel } from '../ui/Panel.tsx';
import { ScrollTable } from '../ui/ScrollTable.tsx';
import table from '../ui/Table.module.css';
import { comparisons } from './pretraining.model.ts';

/** What the adapter is worth: the held-out text without it and with it. */
export function HeldOutPanel({ summary }: { summary: DaptSummary | null | undefined }) {
  return (
    <Panel title="Held-out text, before and after" flush>
      {summary ? <Scores summary={summary} /> : <Empty>Compared when the pretraining has completed.</Empty>}
    </Panel>
  );
}

function Scores({ summary }: { summary: DaptSummary }) {
  return (
    <ScrollTable label="Held-out text, scrolls">
      <table className={table.table}>
        <caption>{count(summary.after.masked)} masked pieces, the same in every measurement.</caption>
        <thead>
          <tr>
            <th scope="col">Measure</th>
            {['Before', 'After', 'Change'].map((name) => (
              <th key={name} scope="col" className={table.number}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {comparisons(summary).map((row) => (
            <tr key={row.name}>
              <th scope="row">{row.name}</th>
              <td className={table.number}>{row.before}</td>
              <td className={`${table.number} ${table.best}`}>{row.after}</td>
              <td className={table.number}>{row.change}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollTable>
  );
}
