import type { ParamValues, RunDetail } from '../api/types.ts';
import { scalar } from '../lib/number.ts';
import { Panel } from '../ui/Panel.tsx';
import { ScrollTable } from '../ui/ScrollTable.tsx';
import table from '../ui/Table.module.css';

/** What was trained with, and where each value is from. */
export function ConfigurationPanel({ detail }: { detail: RunDetail }) {
  return (
    <Panel title="Configuration" flush>
      <ScrollTable label="Configuration">
        <table className={table.table}>
          {detail.run.kind === 'dapt' ? (
            <caption>What is not listed has the trainer’s default.</caption>
          ) : (
            <caption className="visually-hidden">
              Parameters with their values and where they are from
            </caption>
          )}
          <thead>
            <tr>
              <th scope="col">Parameter</th>
              <th scope="col">From</th>
              <th scope="col" className={table.number}>
                Value
              </th>
            </tr>
          </thead>
          <tbody>
            <Rows
              params={detail.run.params}
              from={detail.run.kind === 'dapt' ? 'given' : 'searched'}
              strong
            />
            <Rows params={detail.fixed} from="fixed" />
          </tbody>
        </table>
      </ScrollTable>
    </Panel>
  );
}

function Rows({ params, from, strong = false }: { params: ParamValues; from: string; strong?: boolean }) {
  return Object.entries(params).map(([name, value]) => (
    <tr key={name}>
      <th scope="row">{name}</th>
      <td className={table.muted}>{from}</td>
      <td className={`${table.number} ${strong ? table.best : ''}`} title={String(value)}>
        {scalar(value)}
      </td>
    </tr>
  ));
}
