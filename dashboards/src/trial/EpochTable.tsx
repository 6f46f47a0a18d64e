import type { ReactNode } from 'react';
import type { Column } from '../ui/column.ts';
import { DataTable } from '../ui/DataTable.tsx';
import { Panel } from '../ui/Panel.tsx';
import table from '../ui/Table.module.css';
import { type EpochReport, epochColumn } from './epochColumns.tsx';

interface Props<R extends EpochReport> {
  reports: R[];
  /** The columns after the epoch. */
  metrics: Column<R>[];
  caption: ReactNode;
  captionHidden?: boolean;
  note(report: R): string | undefined;
  /** The epoch that the result is from. */
  isKept?(report: R): boolean;
}

/** What each epoch of the newest attempt reported, whatever was trained. */
export function EpochTable<R extends EpochReport>(props: Props<R>) {
  const { reports, metrics, caption, captionHidden, note, isKept } = props;
  return (
    <Panel title="Epochs" flush>
      <DataTable
        label="Epochs, scrolls"
        caption={caption}
        captionHidden={captionHidden}
        columns={[epochColumn(note), ...metrics]}
        rows={reports}
        rowKey={(report) => String(report.metrics.epoch)}
        rowClass={(report) => (isKept?.(report) ? table.strong : undefined)}
        empty="No epoch has been reported yet."
      />
    </Panel>
  );
}
