import type { QueryClient } from '@tanstack/react-query';
import { createRootRouteWithContext, Outlet } from '@tanstack/react-router';
import { LiveBanner } from '../ui/LiveBanner.tsx';
import { NotFound } from '../ui/NotFound.tsx';
import styles from '../ui/Page.module.css';
import { TopBar } from '../ui/TopBar.tsx';

export const Route = createRootRouteWithContext<{ queryClient: QueryClient }>()({
  component: Root,
  notFoundComponent: NotFound,
  errorComponent: ({ error }) => (
    <p className={styles.crash} role="alert">
      This page broke: {String(error)}. Reload it; the search itself is not affected.
    </p>
  ),
});

function Root() {
  return (
    <>
      <a className={styles.skip} href="#content">
        Skip to content
      </a>
      <TopBar />
      <LiveBanner />
      <main id="content" className={styles.main} tabIndex={-1}>
        <Outlet />
      </main>
    </>
  );
}
