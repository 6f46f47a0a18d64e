import type { ReactNode } from 'react';
import type { TestScores } from '../api/types.ts';
import { ABSENT, count, score } from '../lib/number.ts';
import type { Column } from '../ui/column.ts';
import { DataTable } from '../ui/DataTable.tsx';
import { Panel } from '../ui/Panel.tsx';
import table from '../ui/Table.module.css';

type Scores = TestScores['overall'];

/** The scores of one entity type, or of all. */
interface EntityScores {
  name: string;
  scores: Scores;
}

export const SCORE_COLUMNS: Column<EntityScores>[] = [
  { key: 'entities', header: 'Entities', rowHeader: true, cell: ({ name }) => name },
  number('F1 strict', ({ strict }) => score(strict.f1)),
  number('Precision', ({ strict }) => score(strict.precision)),
  number('Recall', ({ strict }) => score(strict.recall)),
  number('F1 conlleval', ({ conlleval }) => score(conlleval.f1)),
  number('F1 subtoken_all', ({ subtoken_all: all }) => (all ? score(all.f1) : ABSENT)),
  number('Found', ({ strict }) => count(strict.true_positives)),
  number('Spurious', ({ strict }) => count(strict.false_positives)),
  number('Missed', ({ strict }) => count(strict.false_negatives)),
];

function number(header: string, show: (scores: Scores) => string): Column<EntityScores> {
  return { key: header, header, align: 'right', cell: ({ scores }) => show(scores) };
}

/** A row for all entities; rows by type only where there are several types. */
export function scoreRows({ overall, per_type }: TestScores): EntityScores[] {
  const types = Object.entries(per_type).map(([name, scores]) => ({ name, scores }));
  return [{ name: 'All', scores: overall }, ...(types.length > 1 ? types : [])];
}

interface TestScorePanelProps {
  title: ReactNode;
  scores: TestScores;
}

export function TestScorePanel({ title, scores }: TestScorePanelProps) {
  const rows = scoreRows(scores);
  return (
    <Panel title={title} flush>
      <DataTable
        label="Test scores, scrolls"
        caption={
          <>
            {count(scores.sentences)} sentences, {count(scores.windowed_sentences)} in more than one window;{' '}
            {count(scores.orphan_tags)} orphan tags, which strict does not count as entities.
            {scores.overall.subtoken_all && ' F1 subtoken_all counts pieces of words: not comparable.'}
          </>
        }
        columns={SCORE_COLUMNS}
        rows={rows}
        rowKey={({ name }) => name}
        rowClass={(row) => (row === rows[0] ? table.strong : undefined)}
      />
    </Panel>
  );
}
