/** The one HTTP client. Every failure that leaves it is an ApiError with a sentence for people. */
import createClient from 'openapi-fetch';
import type { paths } from './schema.gen.ts';
import type { ApiErrorBody } from './types.ts';

export class ApiError extends Error {
  constructor(
    message: string,
    /** HTTP status; absent where no answer came. */
    readonly status: number | undefined,
  ) {
    super(message);
    this.name = 'ApiError';
  }

  /** Whether the same request may succeed later. */
  get isTransient(): boolean {
    return this.status === undefined || this.status >= 500;
  }
}

export interface Page<Item> {
  items: Item[];
  /** Where the next page begins; null on the last page. */
  next: string | null;
  /** Items of the whole list, where the server counts them. */
  total?: number | null;
}

/** The query parameters of one page. The first page has no cursor. */
export interface PageRequest {
  limit: number;
  cursor?: string;
}

const http = createClient<paths>({ baseUrl: '/' });

export const api = {
  studies: (query: PageRequest, signal: AbortSignal) =>
    answer(http.GET('/api/v1/studies', { params: { query }, signal })),
  study: (study: string, signal: AbortSignal) =>
    answer(http.GET('/api/v1/studies/{study}', { params: { path: { study } }, signal })),
  /** The runs that changed after a revision; all runs without one, or where the changes since are no longer kept. */
  changedRuns: (study: string, since: number | undefined, signal: AbortSignal) =>
    allPages((page) => {
      const query = { ...page, ...(since !== undefined && { since }) };
      return answer(http.GET('/api/v1/studies/{study}/runs', { params: { path: { study }, query }, signal }));
    }),
  insight: (study: string, signal: AbortSignal) =>
    answer(http.GET('/api/v1/studies/{study}/insight', { params: { path: { study } }, signal })),
  run: (run: string, signal: AbortSignal) =>
    answer(http.GET('/api/v1/runs/{run}', { params: { path: { run } }, signal })),
  pretrainings: (query: PageRequest, signal: AbortSignal) =>
    answer(http.GET('/api/v1/dapt', { params: { query }, signal })),
  pretraining: (name: string, signal: AbortSignal) =>
    answer(http.GET('/api/v1/dapt/{name}', { params: { path: { name } }, signal })),
  workers: (query: PageRequest, signal: AbortSignal) =>
    answer(http.GET('/api/v1/workers', { params: { query }, signal })),
  drain: (worker: string, now: boolean) =>
    answer(http.POST('/api/v1/workers/{worker}/drain', { params: { path: { worker } }, body: { now } })),
  resume: (worker: string) =>
    answer(http.POST('/api/v1/workers/{worker}/resume', { params: { path: { worker } } })),
  release: (device: string) =>
    answer(http.POST('/api/v1/devices/{device}/release', { params: { path: { device } } })),
  session: (signal: AbortSignal) => answer(http.GET('/api/v1/session', { signal })),
  log: (run: string, attempt: number, offset: number, signal: AbortSignal) =>
    answer(
      http.GET('/api/v1/runs/{run}/log', { params: { path: { run }, query: { offset, attempt } }, signal }),
    ),
};

/** The most items of a page that the API gives. */
const LARGEST_PAGE = 1000;

/**
 * A whole list: the first page with the items of all. What else the first page says holds for the whole, so a change
 * during the walk is still newer than its revision.
 */
export async function allPages<P extends Page<unknown>>(
  fetchPage: (query: PageRequest) => Promise<P>,
): Promise<P> {
  const first = await fetchPage({ limit: LARGEST_PAGE });
  const items = [...first.items];
  let { next } = first;
  while (next !== null) {
    const page = await fetchPage({ limit: LARGEST_PAGE, cursor: next });
    items.push(...page.items);
    next = page.next;
  }
  return { ...first, items, next };
}

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

async function answer<T>(request: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await request.catch((cause: unknown) => {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw new ApiError('The coordinator does not answer.', undefined);
  });
  if (data !== undefined) return data;
  const sentence = isErrorBody(error) ? error.message : `The coordinator answered ${response.status}.`;
  throw new ApiError(sentence, response.status);
}

function isErrorBody(body: unknown): body is ApiErrorBody {
  return typeof body === 'object' && body !== null && 'message' in body && typeof body.message === 'string';
}
