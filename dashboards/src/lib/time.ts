/** Instants and spans for people. Instants travel as RFC 3339 text. */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const STEPS: readonly (readonly [Intl.RelativeTimeFormatUnit, number, number])[] = [
  ['second', SECOND, MINUTE],
  ['minute', MINUTE, HOUR],
  ['hour', HOUR, DAY],
  ['day', DAY, 30 * DAY],
  ['month', 30 * DAY, 365 * DAY],
  ['year', 365 * DAY, Number.POSITIVE_INFINITY],
];

const RELATIVE = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' });
const ABSOLUTE = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'long' });

/** `3 min. ago`, `in 20 sec.`; within five seconds, `now`. */
export function relative(instant: string, now: number): string {
  const elapsed = Date.parse(instant) - now;
  if (Math.abs(elapsed) < 5 * SECOND) return 'now';
  const [unit, size] = STEPS.find(([, , limit]) => Math.abs(elapsed) < limit) ??
    STEPS[0] ?? ['second', SECOND];
  return RELATIVE.format(Math.trunc(elapsed / size), unit);
}

/** Date, time and time zone. */
export function absolute(instant: string): string {
  return ABSOLUTE.format(new Date(instant));
}

/** Milliseconds between two instants. Where the second has not come, `now` takes its place. */
export function elapsed(from: string | null | undefined, to: string | null | undefined, now: number) {
  if (from == null) return null;
  return Math.max(0, (to == null ? now : Date.parse(to)) - Date.parse(from));
}

/** `0.8 s`, `42 s`, `3 min 12 s`, `2 h 04 min`, `3 d 5 h`. */
export function span(milliseconds: number): string {
  if (milliseconds < 10 * SECOND) return `${(milliseconds / SECOND).toFixed(1)} s`;
  if (milliseconds < MINUTE) return `${Math.floor(milliseconds / SECOND)} s`;
  if (milliseconds < HOUR) return pair(milliseconds, MINUTE, 'min', SECOND, 's');
  return milliseconds < DAY
    ? pair(milliseconds, HOUR, 'h', MINUTE, 'min')
    : pair(milliseconds, DAY, 'd', HOUR, 'h');
}

function pair(value: number, big: number, bigUnit: string, small: number, smallUnit: string): string {
  const rest = Math.floor((value % big) / small);
  return `${Math.floor(value / big)} ${bigUnit} ${String(rest).padStart(2, '0')} ${smallUnit}`;
}
