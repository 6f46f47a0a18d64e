import { describe, expect, it } from 'vitest';
import { insight } from '../../test/factories.ts';
import { importanceRows, samplerSentence, whyNoImportance } from './insight.model.ts';

describe('an insight', () => {
  it('names the sampler that proposed, and why', () => {
    expect(samplerSentence(insight())).toBe(
      'auto version 1 chose tpe version 2 because the space has conditions',
    );
    expect(samplerSentence(insight({ sampler: { name: 'tpe version 2' } }))).toBe('tpe version 2');
    expect(samplerSentence(insight({ sampler: null }))).toBeUndefined();
  });

  it('has a row for each parameter, with a warning where the range may be too narrow', () => {
    expect(importanceRows(insight())).toEqual([
      { name: 'learning_rate', percent: 71, warning: 'best at the largest values (5e-3)' },
      { name: 'batch_size', percent: 21, warning: undefined },
      { name: 'warmup_ratio', percent: 8, warning: undefined },
    ]);
  });

  it('says what is missing while few trials have completed', () => {
    expect(whyNoImportance(insight())).toBeUndefined();
    expect(whyNoImportance(insight({ trials: 4 }))).toBe(
      '4 of the 10 completed trials that importance needs.',
    );
    const early = insight({ trials: 4, parameters: [{ name: 'lora_r', importance: null, boundary: null }] });
    expect(importanceRows(early)).toEqual([{ name: 'lora_r', percent: undefined, warning: undefined }]);
  });
});
