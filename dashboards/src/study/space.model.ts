/** A search space as sentences. */
import type { Dimension, Scalar } from '../api/types.ts';
import { scalar } from '../lib/number.ts';

export interface DimensionView {
  name: string;
  kind: string;
  /** `1e-4 … 5e-3, log` or `8, 16, 32`. */
  range: string;
  /** `only where optimizer is sgd`. */
  condition: string | undefined;
}

export function describe(dimension: Dimension): DimensionView {
  const { name, domain, when } = dimension;
  const conditions = Object.entries(when ?? {}).map(([parent, values]) => `${parent} is ${either(values)}`);
  return {
    name,
    kind: domain.kind,
    range: rangeOf(domain),
    condition: conditions.length > 0 ? `only where ${conditions.join(' and ')}` : undefined,
  };
}

function rangeOf(domain: Dimension['domain']): string {
  if (domain.kind === 'ordinal' || domain.kind === 'categorical') return domain.values.map(scalar).join(', ');
  const notes = [
    domain.log ? 'log' : undefined,
    domain.step == null ? undefined : `step ${scalar(domain.step)}`,
  ];
  return [`${scalar(domain.min)} … ${scalar(domain.max)}`, ...notes.filter(Boolean)].join(', ');
}

function either(values: Scalar[]): string {
  return values.map(scalar).join(' or ');
}
