import { describe, expect, it } from 'vitest';
import { attempt, detail, report, testScores, training, trial } from '../../test/factories.ts';
import { markup, shown } from '../../test/markup.tsx';
import { ARTIFACT_COLUMNS, ArtifactTable } from './ArtifactTable.tsx';
import { AttemptTable } from './AttemptTable.tsx';
import { ATTEMPT_COLUMNS } from './attemptColumns.tsx';
import { SETTING_COLUMNS, settingsOf } from './ConfigurationPanel.tsx';
import { TRIAL_METRICS } from './epochColumns.tsx';
import { SCORE_COLUMNS, scoreRows } from './TestScorePanel.tsx';
import { TrialEpochs } from './TrialEpochs.tsx';

const reports = [report(1, 1, 0.4), report(1, 2, 0.7), report(1, 3, 0.6)];

describe('the epochs of a trial', () => {
  it('show the measures of each epoch', () => {
    expect(shown(TRIAL_METRICS, report(1, 2, 0.7))).toMatchObject({
      Step: '340',
      'Dev loss': '0.296',
      'F1 strict': '0.700',
      'F1 conlleval': '0.691',
      'Learning rate': '1e-3',
      Time: '1 min 18 s',
      Memory: '4.0 GB',
    });
  });

  it('mark the epoch that was kept, or say that there is none', () => {
    const html = markup(<TrialEpochs work={training(trial.completed(1, 0.7), reports)} />);
    expect(html).toContain('Epoch 2 was kept.');
    expect(html.match(/<tr[^>]*class="[^"]*strong[^"]*"><td>2<span[^>]*> kept/g)).toHaveLength(1);
    expect(markup(<TrialEpochs work={training(trial.leased(1), [])} />)).toContain(
      'No epoch has been reported yet.',
    );
  });
});

describe('the attempts', () => {
  it('say who held the lease, for how long, and why it ended', () => {
    const row = shown(ATTEMPT_COLUMNS, {
      ...attempt(1, 'lost'),
      energy: { joules: 5400, source: 'counter' },
      consequence: 'It is tried again.',
    });
    expect(row).toMatchObject({
      Attempt: '1',
      State: 'lease lost',
      Worker: 'lab-gpu-03',
      Device: 'GPU-5b1f9a3e…d1e4',
      Preparing: '24 s',
      Training: '7 min 36 s',
      Energy: '1.5 Wh',
      End: 'lost: the lease ran out: nothing was heard from lab-gpu-03 for 30 s It is tried again.',
    });
    const pruned = { ...attempt(2, 'pruned'), prune_reason: 'below the median' };
    expect(shown(ATTEMPT_COLUMNS, pruned).End).toBe('pruned: below the median');
    expect(shown(ATTEMPT_COLUMNS, attempt(3, 'running')).End).toMatch(/^lease ends .* unless renewed$/);
  });

  it('have a sentence when there are none', () => {
    expect(markup(<AttemptTable attempts={[]} />)).toContain('No worker has leased this run yet.');
  });
});

describe('the artifacts', () => {
  it('are those of the newest attempt that has any, each a download', () => {
    const html = markup(<ArtifactTable attempts={[attempt(1, 'completed'), attempt(2, 'lost')]} />);
    const [file] = attempt(1, 'completed').artifacts;
    expect(html).toContain(`<a href="/api/v1/artifacts/${file?.sha256}" download="adapter_config.json">`);
    expect(file && shown(ARTIFACT_COLUMNS, file)).toEqual({
      File: 'adapter/adapter_config.json',
      Size: '640 B',
      'SHA-256': file?.sha256.slice(0, 12),
    });
    expect(markup(<ArtifactTable attempts={[attempt(1, 'lost')]} />)).toContain('Nothing yet.');
  });
});

describe('the configuration', () => {
  it('lists the searched values, then the fixed ones', () => {
    const settings = settingsOf(detail(trial.completed(1, 0.7), [], []));
    expect(settings.map((setting) => shown(SETTING_COLUMNS, setting))).toEqual([
      { Parameter: 'learning_rate', From: 'searched', Value: '1e-4' },
      { Parameter: 'batch_size', From: 'searched', Value: '16' },
      { Parameter: 'warmup_ratio', From: 'searched', Value: '0.06' },
      { Parameter: 'epochs', From: 'fixed', Value: '8' },
      { Parameter: 'weight_decay', From: 'fixed', Value: '0.01' },
      { Parameter: 'lora_rank', From: 'fixed', Value: '16' },
    ]);
  });
});

describe('the test scores', () => {
  it('have a row for all entities, and one for each type where there are several', () => {
    const scores = testScores(0.8241);
    expect(scoreRows(scores).map(({ name }) => name)).toEqual(['All', 'Disease', 'DiseaseClass']);
    const single = { ...scores, per_type: { Disease: scores.overall } };
    expect(scoreRows(single)).toEqual([{ name: 'All', scores: scores.overall }]);
  });

  it('show both protocols and the counts, and the third protocol where it was scored', () => {
    const { overall } = testScores(0.8241);
    expect(shown(SCORE_COLUMNS, { name: 'All', scores: overall })).toEqual({
      Entities: 'All',
      'F1 strict': '0.824',
      Precision: '0.836',
      Recall: '0.813',
      'F1 conlleval': '0.815',
      'F1 subtoken_all': '–',
      Found: '791',
      Spurious: '128',
      Missed: '141',
    });
    const scores = { ...overall, subtoken_all: { ...overall.strict, f1: 0.9 } };
    expect(shown(SCORE_COLUMNS, { name: 'All', scores })['F1 subtoken_all']).toBe('0.900');
  });
});
