import type { AttemptReport, RunDetail } from '../api/types.ts';
import { bytes, count, quantity, scalar, score } from '../lib/number.ts';
import { span } from '../lib/time.ts';
import { Empty, Panel } from '../ui/Panel.tsx';
import { ScrollTable } from '../ui/ScrollTable.tsx';
import table from '../ui/Table.module.css';

type Metrics = AttemptReport['metrics'];

const COLUMNS: { name: string; show(metrics: Metrics): string }[] = [
  { name: 'Step', show: (m) => count(m.step) },
  { name: 'Train loss', show: (m) => quantity(m.train_loss) },
  { name: 'Dev loss', show: (m) => quantity(m.dev_loss) },
  { name: 'F1 strict', show: (m) => score(m.dev.strict.f1) },
  { name: 'F1 conlleval', show: (m) => score(m.dev.conlleval.f1) },
  { name: 'Precision', show: (m) => score(m.dev.strict.precision) },
  { name: 'Recall', show: (m) => score(m.dev.strict.recall) },
  { name: 'Learning rate', show: (m) => scalar(m.learning_rate) },
  { name: 'Gradient norm', show: (m) => quantity(m.gradient_norm) },
  { name: 'Time', show: (m) => span(m.seconds * 1000) },
  { name: 'Sentences/s', show: (m) => m.sentences_per_second.toFixed(1) },
  { name: 'Memory', show: (m) => bytes(m.peak_memory_bytes) },
];

export function EpochTable({ detail }: { detail: RunDetail }) {
  const { reports, summary, run } = detail;
  const attempts = new Set(reports.map((report) => report.attempt)).size > 1;
  return (
    <Panel title="Epochs" flush>
      {reports.length === 0 ? (
        <Empty>No epoch has been reported yet.</Empty>
      ) : (
        <ScrollTable label="Epochs, scrolls">
          <table className={table.table}>
            <caption>
              {summary ? `Epoch ${summary.best_epoch} was kept. ` : ''}Precision and recall are strict.
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
              {reports.map((report) => (
                <EpochRow
                  key={`${report.attempt}.${report.metrics.epoch}`}
                  report={report}
                  attempts={attempts}
                  kept={report.attempt === run.attempt && report.metrics.epoch === summary?.best_epoch}
                />
              ))}
            </tbody>
          </table>
        </ScrollTable>
      )}
    </Panel>
  );
}

function EpochRow({ report, attempts, kept }: { report: AttemptReport; attempts: boolean; kept: boolean }) {
  return (
    <tr className={kept ? table.best : undefined}>
      {attempts && <td>{report.attempt}</td>}
      <td>
        {report.metrics.epoch}
        {kept && <span className={table.muted}> kept</span>}
      </td>
      {COLUMNS.map(({ name, show }) => (
        <td key={name} className={table.number}>
          {show(report.metrics)}
        </td>
      ))}
    </tr>
  );
}
