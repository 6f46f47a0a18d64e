import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const css = readFileSync(new URL('../src/theme.css', import.meta.url), 'utf8');
const tokens = new Map(
  [...css.matchAll(/--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)/g)].map(
    ([, name = '', light = '', dark = '']) => [name, { light, dark }] as const,
  ),
);

const TEXT = ['ink', 'muted', 'accent', 'warn', 'danger'];
const MARKS = [...tokens.keys()].filter((name) => /^(state|series)-|^line-strong$/.test(name));

describe.each(['light', 'dark'] as const)('contrast in the %s theme', (theme) => {
  const ratio = (a: string, b: string) => contrast(colour(a, theme), colour(b, theme));

  it.each(TEXT)('text in %s reaches 4.5 on every ground', (name) => {
    for (const ground of ['ground', 'surface', 'raised', 'accent-soft']) {
      expect(ratio(name, ground), `${name} on ${ground}`).toBeGreaterThanOrEqual(4.5);
    }
  });

  it('notes reach 4.5 on their own ground', () => {
    expect(ratio('warn', 'warn-soft')).toBeGreaterThanOrEqual(4.5);
    expect(ratio('danger', 'danger-soft')).toBeGreaterThanOrEqual(4.5);
    expect(ratio('on-accent', 'accent')).toBeGreaterThanOrEqual(4.5);
  });

  it.each(MARKS)('marks in %s reach 3', (name) => {
    expect(ratio(name, 'surface')).toBeGreaterThanOrEqual(3);
  });
});

function colour(name: string, theme: 'light' | 'dark'): string {
  const token = tokens.get(name);
  if (token === undefined) throw new Error(`theme.css has no token --${name}`);
  return token[theme];
}

function contrast(a: string, b: string): number {
  const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
