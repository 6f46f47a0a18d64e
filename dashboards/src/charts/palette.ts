/** The page's colours as the canvas needs them. */
import type { Tone } from '../api/states.ts';
import type { Palette } from './model.ts';

const TONES: Tone[] = ['idle', 'prepare', 'live', 'done', 'pruned', 'failed', 'stopped'];

/** Reads the tokens; the browser itself decides between their light and dark values. */
export function readPalette(): Palette {
  const probe = document.createElement('span');
  document.body.append(probe);
  const colour = (token: string) => {
    probe.style.color = `var(--${token})`;
    return getComputedStyle(probe).color;
  };
  const palette: Palette = {
    ink: colour('ink'),
    muted: colour('muted'),
    line: colour('line'),
    surface: colour('surface'),
    accent: colour('accent'),
    series: [colour('series-1'), colour('series-2')],
    tones: Object.fromEntries(TONES.map((tone) => [tone, colour(`state-${tone}`)])) as Record<Tone, string>,
    font: getComputedStyle(document.body).fontFamily,
  };
  probe.remove();
  return palette;
}
