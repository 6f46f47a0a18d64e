import type { ArtifactFile, AttemptRecord } from '../api/types.ts';
import { bytes } from '../lib/number.ts';
import type { Column } from '../ui/column.ts';
import { DataTable } from '../ui/DataTable.tsx';
import { Panel } from '../ui/Panel.tsx';

export const ARTIFACT_COLUMNS: Column<ArtifactFile>[] = [
  {
    key: 'file',
    header: 'File',
    rowHeader: true,
    cell: ({ name, sha256 }) => (
      <a href={`/api/v1/artifacts/${sha256}`} download={name.split('/').at(-1)}>
        {name}
      </a>
    ),
  },
  { key: 'size', header: 'Size', align: 'right', cell: (file) => bytes(file.bytes) },
  {
    key: 'sha256',
    header: 'SHA-256',
    look: 'mono',
    title: ({ sha256 }) => sha256,
    cell: ({ sha256 }) => sha256.slice(0, 12),
  },
];

/** The files of the newest attempt that left any. */
export function ArtifactTable({ attempts }: { attempts: AttemptRecord[] }) {
  const files = attempts.findLast((attempt) => attempt.artifacts.length > 0)?.artifacts ?? [];
  return (
    <Panel title="Artifacts" flush>
      <DataTable
        label="Artifacts, scrolls"
        caption="Files that the run left behind"
        captionHidden
        columns={ARTIFACT_COLUMNS}
        rows={files}
        rowKey={({ name }) => name}
        empty="Nothing yet. The adapter, the log and other files arrive when the run ends."
      />
    </Panel>
  );
}
