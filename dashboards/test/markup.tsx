/** Components as HTML text, drawn without a browser: links work, effects do not run. */
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import {
  createMemoryHistory,
  createRootRoute,
  createRouter,
  RouterContextProvider,
} from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import type { Column } from '../src/ui/column.ts';

const router = createRouter({ routeTree: createRootRoute(), history: createMemoryHistory() });

export function markup(content: ReactNode, client = new QueryClient()): string {
  return renderToStaticMarkup(
    <QueryClientProvider client={client}>
      <RouterContextProvider router={router}>{content}</RouterContextProvider>
    </QueryClientProvider>,
  );
}

/** The text of a component, one space between elements. */
export function text(content: ReactNode): string {
  return markup(content)
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .replaceAll('&#x27;', "'")
    .trim();
}

/** What a row shows under each header. */
export function shown<Row>(columns: Column<Row>[], row: Row): Record<string, string> {
  return Object.fromEntries(columns.map(({ header, cell }) => [header, text(cell(row))]));
}
