import { describe, expect, it } from 'vitest';
import { markup, shown, text } from '../../test/markup.tsx';
import { adapting, pretraining } from '../../test/pretrainingFactories.ts';
import { COMPARISON_COLUMNS } from './HeldOutPanel.tsx';
import { PretrainingEpochs } from './PretrainingEpochs.tsx';
import { PretrainingTable } from './PretrainingTable.tsx';
import { comparisons } from './pretraining.model.ts';
import { PRETRAINING_COLUMNS } from './pretrainingColumns.tsx';
import { RequestPanel } from './RequestPanel.tsx';

const completed = pretraining.completed('bio', 1);

describe('the list of pretrainings', () => {
  it('shows the text, the steps, and the scores before and after', () => {
    expect(shown(PRETRAINING_COLUMNS, completed)).toMatchObject({
      Pretraining: 'bio',
      Backbone: 'all-MiniLM-L6-v2',
      Text: 'pubmed-passages.txt 184 MB',
      State: 'completed',
      Epochs: '4',
      Steps: '1,000',
      'Pseudo-perplexity': '1,225 → 980.0',
      Change: '−20.0 %',
      Took: '15 min 00 s',
    });
  });

  it('shows a dash for what is not known yet', () => {
    const { Steps, Change, Took, ...rest } = shown(PRETRAINING_COLUMNS, pretraining.waiting('chem', 2));
    expect([Steps, Change, Took, rest['Pseudo-perplexity']]).toEqual(Array(4).fill('–'));
  });

  it('links each name to its run, and counts the pretrainings under way', () => {
    const html = markup(<PretrainingTable pretrainings={[completed, pretraining.running('chem', 2)]} />);
    expect(html).toContain(`href="/runs/${completed.run.id}"`);
    expect(html).toContain('2 pretrainings, 1 under way.');
    const more = { total: 240, hasMore: true, loading: false, onMore: () => undefined };
    const page = markup(<PretrainingTable pretrainings={[completed]} {...more} />);
    expect(page).toContain('240 pretrainings. Newest first.');
    expect(page).toContain('1 of 240 shown');
    const uncounted = { ...more, total: undefined };
    expect(
      markup(<PretrainingTable pretrainings={[completed, pretraining.waiting('chem', 2)]} {...uncounted} />),
    ).toContain('The first 2 pretrainings. Newest first.');
  });
});

describe('the page of a pretraining', () => {
  it('shows its own measures in the table of epochs', () => {
    const html = markup(<PretrainingEpochs reports={adapting(completed).reports} />);
    expect([...html.matchAll(/<th scope="col"[^>]*>([^<]*)</g)].map(([, header]) => header)).toEqual([
      'Epoch',
      'Step',
      'Train loss',
      'Pseudo-perplexity',
      'Bits per character',
      'Masked accuracy',
      'Time',
      'Tokens/s',
      'Memory',
    ]);
    expect(html.split('<tr').length - 1).toBe(1 + 4);
  });

  it('compares the held-out text before and after', () => {
    const [row] = completed.summary ? comparisons(completed.summary) : [];
    expect(row && shown(COMPARISON_COLUMNS, row)).toEqual({
      Measure: 'Pseudo-perplexity',
      Before: '1,225',
      After: '980.0',
      Change: '−20.0 %',
    });
  });

  it('shows its current priority, and whether it is paused while it has not ended', () => {
    const held = { ...pretraining.waiting('chem', 2), priority: 7, hold: 'finish' as const };
    const panel = text(<RequestPanel pretraining={held} />);
    expect(panel).toContain('Priority 7 Hold paused; started runs finish');
    expect(text(<RequestPanel pretraining={completed} />)).not.toContain('Hold');
  });

  it('names the registered backbone, or the command that registers it', () => {
    const command = 'pedigree backbone add NAME --dapt bio';
    expect(text(<RequestPanel pretraining={completed} />)).toContain(`Use it ${command}`);
    const spec = { ...completed.spec, leaves: 'minilm-bio' };
    const panel = text(<RequestPanel pretraining={{ ...completed, spec }} />);
    expect(panel).toContain('Leaves backbone minilm-bio');
    expect(panel).not.toContain(command);
  });
});
