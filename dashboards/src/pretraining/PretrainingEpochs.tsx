import type { AdaptReport } from '../api/types.ts';
import { bytes, count, quantity } from '../lib/number.ts';
import { span } from '../lib/time.ts';
import { EpochTable } from '../trial/EpochTable.tsx';
import { metric } from '../trial/epochColumns.tsx';
import type { Column } from '../ui/column.ts';

const PRETRAINING_METRICS: Column<AdaptReport>[] = [
  metric('Step', (m) => count(m.step)),
  metric('Train loss', (m) => quantity(m.train_loss)),
  metric('Pseudo-perplexity', (m) => quantity(m.held_out.pseudo_perplexity)),
  metric('Bits per character', (m) => quantity(m.held_out.bits_per_character)),
  metric('Masked accuracy', (m) => quantity(m.held_out.masked_accuracy)),
  metric('Time', (m) => span(m.seconds * 1000)),
  metric('Tokens/s', (m) => count(Math.round(m.tokens_per_second))),
  metric('Memory', (m) => bytes(m.peak_memory_bytes)),
];

export function PretrainingEpochs({ reports }: { reports: AdaptReport[] }) {
  return (
    <EpochTable
      reports={reports}
      metrics={PRETRAINING_METRICS}
      caption="Loss of each epoch, and the held-out text after it: perplexity, bits per character, accuracy"
      captionHidden
      note={({ metrics }) => (metrics.carried ? 'taken over' : undefined)}
    />
  );
}
