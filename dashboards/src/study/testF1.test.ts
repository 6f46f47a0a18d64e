import { expect, test } from 'vitest';
import type { Seal } from '../api/types.ts';
import { testF1 } from './testF1.ts';

const result = (strict: number, conlleval: number) => ({
  scores: { overall: { strict: { f1: strict }, conlleval: { f1: conlleval } } },
});
const sealed = (...results: object[]) => ({ results }) as unknown as Seal;

test('the test F1 is the mean over the final models, by protocol', () => {
  const seal = sealed(result(0.5, 0.6), result(0.7, 0.8));
  expect(testF1(seal, 'strict')).toBeCloseTo(0.6);
  expect(testF1(seal, 'conlleval')).toBeCloseTo(0.7);
});

test('an unopened or unscored split has none', () => {
  expect(testF1(undefined, 'strict')).toBeUndefined();
  expect(testF1(sealed(), 'strict')).toBeUndefined();
});
