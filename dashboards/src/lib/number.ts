/** Numbers as people in the field write them. */
import type { Scalar } from '../api/types.ts';

export const ABSENT = '–';

/** F1 and the like: three decimals. */
export function score(value: number | null | undefined): string {
  return value == null ? ABSENT : value.toFixed(3);
}

/** Losses, norms and rates: three decimals while these say something. */
export function quantity(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (value !== 0 && Math.abs(value) < 1e-3) return exponent(value, 2);
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en');
  return value.toFixed(Math.abs(value) >= 100 ? 1 : 3);
}

/** A parameter's value: learning rates as 3e-5, whole numbers as they are. */
export function scalar(value: Scalar | undefined): string {
  if (value === undefined) return ABSENT;
  if (typeof value !== 'number') return String(value);
  if (value === 0 || Number.isInteger(value)) return String(value);
  const size = Math.abs(value);
  if (size < 1e-2 || size >= 1e5) return exponent(value, 2);
  return String(Number(value.toPrecision(4)));
}

export function count(value: number): string {
  return value.toLocaleString('en');
}

export function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let size = value;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${unit === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`;
}

/** Energy, in the unit of electricity bills. */
export function energy(joules: number): string {
  const wattHours = joules / 3600;
  return wattHours < 1000 ? `${wattHours.toFixed(1)} Wh` : `${(wattHours / 1000).toFixed(2)} kWh`;
}

function exponent(value: number, digits: number): string {
  const [mantissa, power] = value.toExponential(digits).split('e');
  return `${Number(mantissa)}e${Number(power)}`;
}
