import { useStreamState } from '../api/live.tsx';
import styles from './LiveBanner.module.css';

/** Says that the page is no longer live. The live region is always there, so that its text is announced. */
export function LiveBanner() {
  const down = useStreamState() === 'down';
  return (
    <div role="status" className={down ? styles.banner : 'visually-hidden'}>
      {down &&
        'Live updates are interrupted: the coordinator does not answer. Asking again every 10 seconds; runs on workers go on.'}
    </div>
  );
}
