import { useCallback, useEffect, useRef, useState } from 'react';
import { api } from '../api/client.ts';
import { useChanges, useRefetchInterval } from '../api/live.tsx';
import type { Change } from '../api/types.ts';
import { EMPTY_LOG, LogFollower, type LogView } from './log.model.ts';

const UNREAD: LogView = { buffer: EMPTY_LOG, read: false, error: undefined };

/** The log of one attempt from its first byte. It is read further whenever the stream says that it grew. */
export function useLog(runId: string, attempt: number): LogView {
  const [view, setView] = useState(UNREAD);
  const follower = useRef<LogFollower>(undefined);

  useEffect(() => {
    const ending = new AbortController();
    const read = (offset: number) => api.log(runId, attempt, offset, ending.signal);
    const started = new LogFollower(read, setView);
    follower.current = started;
    void started.pull();
    return () => {
      started.stop();
      ending.abort();
      setView(UNREAD);
    };
  }, [runId, attempt]);

  const onChange = useCallback(
    (change: Change | 'resync') => {
      if (change === 'resync' || change.run_id === runId) void follower.current?.pull();
    },
    [runId],
  );
  useChanges(onChange);

  const every = useRefetchInterval();
  useEffect(() => {
    if (every === false) return;
    const timer = setInterval(() => {
      if (!document.hidden) void follower.current?.pull();
    }, every);
    return () => clearInterval(timer);
  }, [every]);
  return view;
}
