import type { Study } from '../api/types.ts';
import type { Column } from '../ui/column.ts';
import { DataTable } from '../ui/DataTable.tsx';
import { Panel } from '../ui/Panel.tsx';
import table from '../ui/Table.module.css';
import { type SpaceRow, spaceRows } from './space.model.ts';

export const SPACE_COLUMNS: Column<SpaceRow>[] = [
  { key: 'name', header: 'Parameter', rowHeader: true, cell: ({ name }) => name },
  {
    key: 'range',
    header: 'Range',
    cell: ({ range, note }) => (
      <>
        {range} <span className={table.muted}>{note}</span>
      </>
    ),
  },
];

export function SpacePanel({ spec }: { spec: Study['spec'] }) {
  return (
    <Panel title="Search space" flush>
      <DataTable
        label="Search space"
        caption="Parameters that are searched, and those that are fixed"
        captionHidden
        columns={SPACE_COLUMNS}
        rows={spaceRows(spec)}
        rowKey={({ name }) => name}
      />
    </Panel>
  );
}
