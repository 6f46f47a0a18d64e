/** A search space as table rows. */
import type { Dimension, Scalar, Study } from '../api/types.ts';
import { scalar } from '../lib/number.ts';

/** A parameter of the space. */
export interface SpaceRow {
  name: string;
  /** `1e-4 … 5e-3, log` or `8, 16, 32`; the value of a fixed parameter. */
  range: string;
  /** `float`, `only where optimizer is sgd` or `fixed`. */
  note: string;
}

/** The searched parameters, then the fixed ones. */
export function spaceRows({ parameters, fixed }: Pick<Study['spec'], 'parameters' | 'fixed'>): SpaceRow[] {
  const values = Object.entries(fixed ?? {});
  return [
    ...parameters.map(searchedRow),
    ...values.map(([name, value]) => ({ name, range: scalar(value), note: 'fixed' })),
  ];
}

function searchedRow({ name, domain, when }: Dimension): SpaceRow {
  const conditions = Object.entries(when ?? {}).map(([parent, values]) => `${parent} is ${either(values)}`);
  const condition = conditions.length > 0 ? `only where ${conditions.join(' and ')}` : undefined;
  return { name, range: rangeOf(domain), note: condition ?? domain.kind };
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
