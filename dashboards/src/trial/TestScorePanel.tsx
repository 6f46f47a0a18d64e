import type { TestScores } from '../api/types.ts';
import { count, score } from '../lib/number.ts';
import { Panel } from '../ui/Panel.tsx';
import { ScrollTable } from '../ui/ScrollTable.tsx';
import table from '../ui/Table.module.css';

type Scores = TestScores['overall'];

const COLUMNS = [
  'F1 strict',
  'Precision',
  'Recall',
  'F1 conlleval',
  'F1 subtoken_all',
  'Found',
  'Spurious',
  'Missed',
];

export function TestScorePanel({ scores }: { scores: TestScores }) {
  const types = Object.entries(scores.per_type);
  return (
    <Panel title="Test scores" flush>
      <ScrollTable label="Test scores, scrolls">
        <table className={table.table}>
          <caption>
            {count(scores.sentences)} sentences, {count(scores.windowed_sentences)} in more than one window;{' '}
            {count(scores.orphan_tags)} orphan tags, which strict does not count as entities.
            {scores.overall.subtoken_all && ' F1 subtoken_all counts pieces of words: not comparable.'}
          </caption>
          <thead>
            <tr>
              <th scope="col">Entities</th>
              {COLUMNS.map((name) => (
                <th key={name} scope="col" className={table.number}>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            <ScoreRow name="All" scores={scores.overall} strong />
            {types.length > 1 && types.map(([name, of]) => <ScoreRow key={name} name={name} scores={of} />)}
          </tbody>
        </table>
      </ScrollTable>
    </Panel>
  );
}

function ScoreRow({ name, scores, strong = false }: { name: string; scores: Scores; strong?: boolean }) {
  const { strict, conlleval, subtoken_all: subtokenAll } = scores;
  const cells = [
    ['f1', score(strict.f1)],
    ['precision', score(strict.precision)],
    ['recall', score(strict.recall)],
    ['conlleval', score(conlleval.f1)],
    ['subtoken_all', subtokenAll ? score(subtokenAll.f1) : '–'],
    ['found', count(strict.true_positives)],
    ['spurious', count(strict.false_positives)],
    ['missed', count(strict.false_negatives)],
  ] as const;
  return (
    <tr className={strong ? table.best : undefined}>
      <th scope="row">{name}</th>
      {cells.map(([key, text]) => (
        <td key={key} className={table.number}>
          {text}
        </td>
      ))}
    </tr>
  );
}
