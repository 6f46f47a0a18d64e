import type { ArtifactFile, AttemptRecord } from '../api/types.ts';
import { bytes } from '../lib/number.ts';
import { Empty, Panel } from '../ui/Panel.tsx';
import { ScrollTable } from '../ui/ScrollTable.tsx';
import table from '../ui/Table.module.css';

/** What the newest attempt that left anything left behind. */
export function ArtifactTable({ attempts }: { attempts: AttemptRecord[] }) {
  const files = attempts.findLast((attempt) => attempt.artifacts.length > 0)?.artifacts ?? [];
  return (
    <Panel title="Artifacts" flush>
      {files.length === 0 ? (
        <Empty>Nothing yet; adapter, log and what else the run leaves arrive when it ends.</Empty>
      ) : (
        <ScrollTable label="Artifacts, scrolls">
          <table className={table.table}>
            <caption className="visually-hidden">Files that the run left behind</caption>
            <thead>
              <tr>
                <th scope="col">File</th>
                <th scope="col" className={table.number}>
                  Size
                </th>
                <th scope="col">SHA-256</th>
              </tr>
            </thead>
            <tbody>
              {files.map((file) => (
                <ArtifactRow key={file.name} file={file} />
              ))}
            </tbody>
          </table>
        </ScrollTable>
      )}
    </Panel>
  );
}

function ArtifactRow({ file }: { file: ArtifactFile }) {
  const address = `/api/v1/artifacts/${file.sha256}`;
  return (
    <tr>
      <th scope="row">
        <a href={address} download={file.name.split('/').at(-1)}>
          {file.name}
        </a>
      </th>
      <td className={table.number}>{bytes(file.bytes)}</td>
      <td className={table.mono} title={file.sha256}>
        {file.sha256.slice(0, 12)}
      </td>
    </tr>
  );
}
