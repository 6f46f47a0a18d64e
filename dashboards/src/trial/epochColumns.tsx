/** The columns of the epoch table: the same first column for every kind of run, then what its trainer reports. */
import type { TrainReport } from '../api/types.ts';
import { bytes, count, quantity, scalar, score } from '../lib/number.ts';
import { span } from '../lib/time.ts';
import type { Column } from '../ui/column.ts';
import table from '../ui/Table.module.css';

/** One epoch of the newest attempt. */
export interface EpochReport {
  metrics: { epoch: number };
}

/** `note` is a word beside an epoch, such as `kept`. */
export function epochColumn<R extends EpochReport>(note: (report: R) => string | undefined): Column<R> {
  return {
    key: 'epoch',
    header: 'Epoch',
    cell: (report) => <Epoch number={report.metrics.epoch} note={note(report)} />,
  };
}

function Epoch({ number, note }: { number: number; note: string | undefined }) {
  return (
    <>
      {number}
      {note && <span className={table.muted}> {note}</span>}
    </>
  );
}

/** A column of numbers. */
export function metric<R extends EpochReport>(
  header: string,
  show: (metrics: R['metrics']) => string,
): Column<R> {
  return { key: header, header, align: 'right', cell: ({ metrics }) => show(metrics) };
}

export const TRIAL_METRICS: Column<TrainReport>[] = [
  metric('Step', (m) => count(m.step)),
  metric('Train loss', (m) => quantity(m.train_loss)),
  metric('Dev loss', (m) => quantity(m.dev_loss)),
  metric('F1 strict', (m) => score(m.dev.strict.f1)),
  metric('F1 conlleval', (m) => score(m.dev.conlleval.f1)),
  metric('Precision', (m) => score(m.dev.strict.precision)),
  metric('Recall', (m) => score(m.dev.strict.recall)),
  metric('Learning rate', (m) => scalar(m.learning_rate)),
  metric('Gradient norm', (m) => quantity(m.gradient_norm)),
  metric('Time', (m) => span(m.seconds * 1000)),
  metric('Sentences/s', (m) => m.sentences_per_second.toFixed(1)),
  metric('Memory', (m) => bytes(m.peak_memory_bytes)),
];
