import type { DaptSummary } from '../api/types.ts';
import { count } from '../lib/number.ts';
import type { Column } from '../ui/column.ts';
import { DataTable } from '../ui/DataTable.tsx';
import { Empty, Panel } from '../ui/Panel.tsx';
import { type Comparison, comparisons } from './pretraining.model.ts';

export const COMPARISON_COLUMNS: Column<Comparison>[] = [
  { key: 'measure', header: 'Measure', rowHeader: true, cell: ({ name }) => name },
  { key: 'before', header: 'Before', align: 'right', cell: ({ before }) => before },
  { key: 'after', header: 'After', align: 'right', look: 'strong', cell: ({ after }) => after },
  { key: 'change', header: 'Change', align: 'right', cell: ({ change }) => change },
];

/** What the adapter is worth: scores on the held-out text without it and with it. */
export function HeldOutPanel({ summary }: { summary: DaptSummary | null | undefined }) {
  return (
    <Panel title="Held-out text, before and after" flush>
      {summary ? (
        <DataTable
          label="Held-out text, scrolls"
          caption={`${count(summary.after.masked)} masked pieces, the same in every measurement.`}
          columns={COMPARISON_COLUMNS}
          rows={comparisons(summary)}
          rowKey={({ name }) => name}
        />
      ) : (
        <Empty>Compared when the pretraining has completed.</Empty>
      )}
    </Panel>
  );
}
