import type { DaptAttemptReport, RunDetail } from '../api/types.ts';
import { bytes, count, quantity } from '../lib/number.ts';
import { span } from '../lib/time.ts';
import { Empty, Panel } from '../ui/Panel.tsx';
import { ScrollTable } from '../ui/ScrollTable.tsx';
import table from '../ui/Table.module.css';

type Metrics = DaptAttemptReport['metrics'];

const COLUMNS: { name: string; show(metrics: Metrics): string }[] = [
  { name: 'Step', show: (m) => count(m.step) },
  { name: 'Train loss', show: (m) => quantity(m.train_loss) },
  { name: 'Pseudo-perplexity', show: (m) => quantity(m.held_out.pseudo_perplexity) },
  { name: 'Bits per character', show: (m) => quantity(m.held_out.bits_per_character) },
  { name: 'Masked accuracy', show: (m) => quantity(m.held_out.masked_accuracy) },
  { name: 'Time', show: (m) => span(m.seconds * 1000) },
  { name: 'Tokens/s', show: (m) => count(Math.round(m.tokens_per_second)) },
  { name: 'Memory', show: (m) => bytes(m.peak_memory_bytes) },
];

export function PretrainingEpochTable({ detail }: { detail: RunDetail }) {
  const reports = detail.dapt_reports ?? [];
  return (
    <Panel title="Epochs" flush>
      {reports.length === 0 ? (
        <Empty>No epoch has been reported yet.</Empty>
      ) : (
        <ScrollTable label="Epochs, scrolls">
          <Reports reports={reports} />
        </ScrollTable>
      )}
    </Panel>
  );
}

function Reports({ reports }: { reports: DaptAttemptReport[] }) {
  const attempts = new Set(reports.map((report) => report.attempt)).size > 1;
  return (
    <table className={table.table}>
      <caption className="visually-hidden">
        Loss of each epoch, and the held-out text after it: perplexity, bits per character, accuracy
      </caption>
      <thead>
        <tr>
          {attempts && <th scope="col">Attempt</th>}
          <th scope="col">Epoch</th>
          {COLUMNS.map(({ name }) => (
            <th key={name} scope="col" className={table.number}>
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {reports.map(({ attempt, metrics }) => (
          <tr key={`${attempt}.${metrics.epoch}`}>
            {attempts && <td>{attempt}</td>}
            <td>
              {metrics.epoch}
              {metrics.carried && <span className={table.muted}> taken over</span>}
            </td>
            {COLUMNS.map(({ name, show }) => (
              <td key={name} className={table.number}>
                {show(metrics)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
