import { Link } from '@tanstack/react-router';
import { RUN_STATES } from '../api/states.ts';
import type { FinalRun, Seal, Study } from '../api/types.ts';
import { count, score } from '../lib/number.ts';
import { StateBadge } from '../ui/Badge.tsx';
import type { Column } from '../ui/column.ts';
import { DataTable } from '../ui/DataTable.tsx';
import { Definition, Definitions } from '../ui/Definitions.tsx';
import { Empty, Panel } from '../ui/Panel.tsx';
import { RelativeTime } from '../ui/RelativeTime.tsx';
import { testF1 } from './testF1.ts';

/** The final runs beside the best trial, and the record that the test split was opened: by which run, with what result. */
export function SealPanel({ study }: { study: Study }) {
  const { behind, finals, seal, test_run: test } = study;
  return (
    <Panel title="Final runs and test seal" aside={test && <StateBadge {...RUN_STATES[test.state]} />}>
      {finals.length > 0 && (
        <DataTable
          label="Final runs"
          caption={behind ? `Behind the best trial: ${behind}.` : 'The best configuration, trained once more'}
          columns={FINAL_COLUMNS}
          rows={finals}
          rowKey={({ run_id }) => run_id}
        />
      )}
      {test && (
        <p>
          <Link to="/runs/$runId" params={{ runId: test.run_id }}>
            Open the test run
          </Link>
        </p>
      )}
      {seal ? <SealRecord seal={seal} /> : <Empty>{unopened(study)}</Empty>}
    </Panel>
  );
}

export const FINAL_COLUMNS: Column<FinalRun>[] = [
  {
    key: 'run',
    header: 'Final run',
    rowHeader: true,
    cell: ({ replicate, run_id }) => (
      <Link to="/runs/$runId" params={{ runId: run_id }}>
        {replicate}
      </Link>
    ),
  },
  { key: 'state', header: 'State', cell: ({ state }) => <StateBadge {...RUN_STATES[state]} /> },
  { key: 'seed', header: 'Seed', look: 'muted', cell: ({ seed }) => String(seed) },
  { key: 'dev', header: 'Dev F1', align: 'right', cell: ({ value }) => score(value) },
];

function SealRecord({ seal }: { seal: Seal }) {
  const sentences = seal.results[0]?.scores.sentences;
  return (
    <Definitions>
      {sentences !== undefined && (
        <>
          <Definition name={seal.results.length > 1 ? `Test F1, mean of ${seal.results.length}` : 'Test F1'}>
            {score(testF1(seal, 'strict'))} strict, {score(testF1(seal, 'conlleval'))} conlleval
          </Definition>
          <Definition name="Sentences">{count(sentences)}</Definition>
        </>
      )}
      <Definition name="Opened">
        <RelativeTime instant={seal.opened_at} focusable />
        {seal.openings > 1 && `, ${seal.openings} times: an attempt was lost after opening it`}
      </Definition>
      <Definition name="Sealed">
        {seal.sealed_at ? <RelativeTime instant={seal.sealed_at} focusable /> : 'not yet: being scored'}
      </Definition>
      <Definition name="Test split">
        <code title={seal.test_sha256}>{seal.test_sha256.slice(0, 12)}</code>
      </Definition>
    </Definitions>
  );
}

function unopened(study: Study): string {
  if (study.state === 'failed' || study.state === 'cancelled') return 'The test split was never opened.';
  if (study.state === 'completed') return 'The test split stays shut: the selection went to another study.';
  if (study.finals.length > 0)
    return 'The test split is still closed; the test run opens it after the final runs.';
  return 'The test split is closed. When the budget is spent, the best configuration is trained once more, and a test run opens the split, once.';
}
