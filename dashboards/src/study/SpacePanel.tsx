import type { Study } from '../api/types.ts';
import { scalar } from '../lib/number.ts';
import { Panel } from '../ui/Panel.tsx';
import { ScrollTable } from '../ui/ScrollTable.tsx';
import table from '../ui/Table.module.css';
import { describe } from './space.model.ts';

export function SpacePanel({ spec }: { spec: Study['spec'] }) {
  const fixed = Object.entries(spec.fixed ?? {});
  return (
    <Panel title="Search space" flush>
      <ScrollTable label="Search space">
        <table className={table.table}>
          <caption className="visually-hidden">
            Parameters that are searched, and those that are fixed
          </caption>
          <thead>
            <tr>
              <th scope="col">Parameter</th>
              <th scope="col">Range</th>
            </tr>
          </thead>
          <tbody>
            {spec.parameters.map(describe).map((dimension) => (
              <tr key={dimension.name}>
                <th scope="row">{dimension.name}</th>
                <td>
                  {dimension.range}{' '}
                  <span className={table.muted}>{dimension.condition ?? dimension.kind}</span>
                </td>
              </tr>
            ))}
            {fixed.map(([name, value]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>
                  {scalar(value)} <span className={table.muted}>fixed</span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollTable>
    </Panel>
  );
}
