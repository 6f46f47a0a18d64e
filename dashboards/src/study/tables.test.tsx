import { QueryClient } from '@tanstack/react-query';
import type { RouteComponent } from '@tanstack/react-router';
import { describe, expect, it } from 'vitest';
import { insight, studies, trial } from '../../test/factories.ts';
import { markup, shown } from '../../test/markup.tsx';
import { lists } from '../api/queries.ts';
import { Route } from '../routes/index.tsx';
import { sortRows } from '../ui/sort.ts';
import { IMPORTANCE_COLUMNS } from './InsightPanel.tsx';
import { importanceRows } from './insight.model.ts';
import { SPACE_COLUMNS } from './SpacePanel.tsx';
import { StudyTable } from './StudyTable.tsx';
import { spaceRows } from './space.model.ts';
import { STUDY_COLUMNS } from './studyColumns.tsx';
import { trialColumns } from './trialColumns.tsx';
import { trialRows } from './trialRows.model.ts';

const StudiesPage: RouteComponent = Route.options.component ?? (() => null);

describe('the list of studies', () => {
  it('shows a study with its scores, and a locked test score until the test set is opened', () => {
    expect(shown(STUDY_COLUMNS, studies.completed({ synthetic: true }))).toMatchObject({
      Study: 'ncbi-minilm',
      Dataset: 'ncbi-disease synthetic',
      Backbone: 'all-MiniLM-L6-v2',
      State: 'completed',
      Trials: '40/40 trials ended (28 completed, 1 cancelled, 3 failed, 8 pruned)',
      'Best dev F1': '0.873',
      'Test F1': '0.824',
    });
    const searching = shown(STUDY_COLUMNS, studies.searching());
    expect([searching['Best dev F1'], searching['Test F1']]).toEqual(['–', 'Locked until the test run']);
  });

  it('links each name to its study, and counts the studies under way', () => {
    const html = markup(<StudyTable studies={[studies.completed(), studies.searching({ id: 's-2' })]} />);
    expect(html).toMatch(/<th scope="row"><a [^>]*href="\/studies\/s-2">ncbi-minilm<\/a><\/th>/);
    expect(html).toContain('2 studies, 1 under way. Newest first.');
  });

  it('counts the whole list from its first page, and offers the next one', async () => {
    // The page is a chunk of its own, which must be here before it can be drawn.
    await StudiesPage.preload?.();
    const page = (next: string | null, total: number) => {
      const client = new QueryClient();
      const items = [studies.searching()];
      client.setQueryData(lists.studies.queryKey, {
        pages: [{ items, next, total }],
        pageParams: [undefined],
      });
      return markup(<StudiesPage />, client);
    };
    const first = page('c-2', 1440);
    expect(first).toContain('1,440 studies. Newest first.');
    expect(first).toContain('1 of 1,440 shown');
    expect(first).toContain('Show more');
    const whole = page(null, 1);
    expect(whole).toContain('1 study, 1 under way. Newest first.');
    expect(whole).not.toContain('Show more');
  });
});

describe('the table of trials', () => {
  const study = studies.searching({
    best: { run_id: trial.completed(2, 0.8).id, number: 2, value: 0.8, params: {} },
  });
  const columns = trialColumns(study);
  const rows = trialRows([
    trial.completed(1, 0.7),
    trial.completed(2, 0.8),
    trial.running(3, 0.75),
    trial.failed(4),
  ]);

  it('has a column for each searched parameter between state and value', () => {
    expect(columns.map(({ header }) => header)).toEqual([
      'Trial',
      'State',
      'learning_rate',
      'batch_size',
      'warmup_ratio',
      'Dev F1',
      'Epochs',
      'Duration',
      'Attempts',
    ]);
    expect(columns.every(({ sortValue, width }) => sortValue && width)).toBe(true);
  });

  it('marks the best value, and the values of unfinished trials', () => {
    const values = rows.map((row) => shown(columns, row)['Dev F1']);
    expect(values).toEqual(['0.700', '0.800 best', '0.750 so far', '–']);
  });

  it('sorts by value with the best first, and by duration with unfinished trials last', () => {
    const numbers = (column: string, descending: boolean) =>
      sortRows(rows, columns, { column, descending }).map(({ number }) => number);
    expect(columns.filter(({ descendingFirst }) => descendingFirst).map(({ key }) => key)).toEqual(['value']);
    expect(numbers('value', true)).toEqual([2, 3, 1, 4]);
    expect(numbers('duration', false)).toEqual([4, 1, 2, 3]);
    expect(numbers('param.learning_rate', true)).toEqual([4, 3, 2, 1]);
  });

  it('sorts the smallest value first where the metric is minimised', () => {
    const { spec } = study;
    const losses = trialColumns({
      ...study,
      spec: { ...spec, metric: { ...spec.metric, goal: 'minimize' } },
    });
    expect(losses.some(({ descendingFirst }) => descendingFirst)).toBe(false);
  });
});

describe('the panels of a study', () => {
  it('show the space and what mattered in it', () => {
    const [first] = spaceRows(studies.searching().spec);
    expect(first && shown(SPACE_COLUMNS, first)).toEqual({
      Parameter: 'learning_rate',
      Range: '1e-4 … 5e-3, log float',
    });
    const [most] = importanceRows(insight());
    expect(most && shown(IMPORTANCE_COLUMNS, most)).toEqual({
      Parameter: 'learning_rate best at the largest values (5e-3)',
      Importance: '71 %',
    });
  });
});
