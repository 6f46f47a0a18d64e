import type { ParamValues, RunDetail, Scalar } from '../api/types.ts';
import { scalar } from '../lib/number.ts';
import type { Column } from '../ui/column.ts';
import { DataTable } from '../ui/DataTable.tsx';
import { Panel } from '../ui/Panel.tsx';
import table from '../ui/Table.module.css';

interface Setting {
  name: string;
  value: Scalar;
  /** Where the value comes from. */
  from: 'searched' | 'given' | 'fixed';
}

export const SETTING_COLUMNS: Column<Setting>[] = [
  { key: 'name', header: 'Parameter', rowHeader: true, cell: ({ name }) => name },
  { key: 'from', header: 'From', look: 'muted', cell: ({ from }) => from },
  {
    key: 'value',
    header: 'Value',
    align: 'right',
    title: ({ value }) => String(value),
    cell: ({ value, from }) => (
      <span className={from === 'fixed' ? undefined : table.strong}>{scalar(value)}</span>
    ),
  },
];

/** The run's own values first, then those that are the same in all its study's runs. */
export function settingsOf({ run, work }: Pick<RunDetail, 'run' | 'work'>): Setting[] {
  if (work.kind !== 'train') return settings(run.params, 'given');
  return [...settings(run.params, 'searched'), ...settings(work.fixed, 'fixed')];
}

function settings(values: ParamValues, from: Setting['from']): Setting[] {
  return Object.entries(values).map(([name, value]) => ({ name, value, from }));
}

/** The parameters of the run, and where each value comes from. */
export function ConfigurationPanel({ detail }: { detail: RunDetail }) {
  const given = detail.work.kind !== 'train';
  return (
    <Panel title="Configuration" flush>
      <DataTable
        label="Configuration"
        caption={
          given
            ? 'A parameter that is not listed has the trainer’s default.'
            : 'Parameters with their values and where they are from'
        }
        captionHidden={!given}
        columns={SETTING_COLUMNS}
        rows={settingsOf(detail)}
        rowKey={({ name, from }) => `${from}.${name}`}
      />
    </Panel>
  );
}
