import { Link } from '@tanstack/react-router';
import { useStreamState } from '../api/live.tsx';
import styles from './TopBar.module.css';
import { CHOICES, type Choice, useTheme } from './theme.tsx';

const LIVE = { connecting: 'connecting', open: 'live', down: 'not live' } as const;
const THEMES: Record<Choice, string> = {
  system: 'Theme: system',
  light: 'Theme: light',
  dark: 'Theme: dark',
};

export function TopBar() {
  const stream = useStreamState();
  const { choice, choose } = useTheme();
  return (
    <header className={styles.bar}>
      <Link to="/" className={styles.home} aria-label="Pedigree, all studies">
        <svg viewBox="0 0 32 32" aria-hidden="true" className={styles.logo}>
          <path d="M8 9v5.5h16V9M16 14.5V22" fill="none" stroke="currentColor" strokeWidth="2.4" />
          <circle cx="8" cy="7.5" r="3" fill="currentColor" />
          <circle cx="24" cy="7.5" r="3" fill="currentColor" />
          <circle cx="16" cy="24.5" r="4" className={styles.heir} />
        </svg>
        Pedigree
      </Link>
      <nav aria-label="Pages" className={styles.pages}>
        <Link to="/" activeOptions={{ exact: true }}>
          Studies
        </Link>
        <Link to="/pretrainings">Pretrainings</Link>
        <Link to="/workers">Workers</Link>
      </nav>
      <span className={styles.live} data-stream={stream}>
        <span className={styles.dot} aria-hidden="true" />
        {LIVE[stream]}
      </span>
      <label className={styles.theme}>
        <span className="visually-hidden">Colour theme</span>
        <select value={choice} onChange={(event) => choose(event.target.value as Choice)}>
          {CHOICES.map((name) => (
            <option key={name} value={name}>
              {THEMES[name]}
            </option>
          ))}
        </select>
      </label>
    </header>
  );
}
