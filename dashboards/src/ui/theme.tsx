/** Light, dark, or as the system says. Remembered in this browser. */
import { createContext, type ReactNode, useContext, useEffect, useState, useSyncExternalStore } from 'react';

export const CHOICES = ['system', 'light', 'dark'] as const;
export type Choice = (typeof CHOICES)[number];

interface Theme {
  choice: Choice;
  choose(choice: Choice): void;
  /** The dark theme is shown now. */
  dark: boolean;
}

const KEY = 'pedigree-theme';
const ThemeContext = createContext<Theme>({ choice: 'system', choose: () => undefined, dark: false });
const systemDark = window.matchMedia('(prefers-color-scheme: dark)');

export function ThemeProvider({ children }: { children: ReactNode }) {
  const [choice, choose] = useState<Choice>(remembered);
  const system = useSyncExternalStore(subscribe, () => systemDark.matches);
  apply(choice);
  useEffect(() => {
    try {
      localStorage.setItem(KEY, choice);
    } catch {
      // Storage may be forbidden; the choice then lasts as long as the page.
    }
  }, [choice]);
  const dark = choice === 'system' ? system : choice === 'dark';
  return <ThemeContext value={{ choice, choose, dark }}>{children}</ThemeContext>;
}

export function useTheme(): Theme {
  return useContext(ThemeContext);
}

/** During render, not after: children read colours from the page when they draw. */
function apply(choice: Choice): void {
  if (choice === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = choice;
}

function remembered(): Choice {
  try {
    const stored = localStorage.getItem(KEY);
    return CHOICES.find((choice) => choice === stored) ?? 'system';
  } catch {
    return 'system';
  }
}

function subscribe(changed: () => void): () => void {
  systemDark.addEventListener('change', changed);
  return () => systemDark.removeEventListener('change', changed);
}
