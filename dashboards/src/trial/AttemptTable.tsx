import type { AttemptRecord } from '../api/types.ts';
import { DataTable } from '../ui/DataTable.tsx';
import { Panel } from '../ui/Panel.tsx';
import { ATTEMPT_COLUMNS } from './attemptColumns.tsx';

/** The history of the run's leases. */
export function AttemptTable({ attempts }: { attempts: AttemptRecord[] }) {
  return (
    <Panel title="Attempts" flush>
      <DataTable
        label="Attempts, scrolls"
        caption="Attempts, oldest first, with worker, device and end"
        captionHidden
        columns={ATTEMPT_COLUMNS}
        rows={attempts}
        rowKey={({ attempt }) => String(attempt)}
        empty="No worker has leased this run yet."
      />
    </Panel>
  );
}
