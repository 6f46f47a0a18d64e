import { memo, useEffect, useRef, useState } from 'react';
import type { RunDetail } from '../api/types.ts';
import { Empty, Panel } from '../ui/Panel.tsx';
import styles from './LogPanel.module.css';
import { CAPACITY, type LogBuffer } from './log.model.ts';
import { useLog } from './useLog.ts';

export function LogPanel({ detail }: { detail: RunDetail }) {
  const numbers = detail.attempts.map((attempt) => attempt.attempt);
  const newest = numbers.at(-1);
  const [chosen, setChosen] = useState<number>();
  const [follow, setFollow] = useState(true);
  const attempt = chosen ?? newest;
  return (
    <Panel
      title="Log"
      flush
      aside={
        attempt !== undefined && (
          <div className={styles.controls}>
            {numbers.length > 1 && <AttemptChoice numbers={numbers} chosen={attempt} onChoose={setChosen} />}
            <label className={styles.follow}>
              <input type="checkbox" checked={follow} onChange={(event) => setFollow(event.target.checked)} />
              Follow
            </label>
          </div>
        )
      }
    >
      {attempt === undefined ? (
        <Empty>No worker has leased this run yet, so there is no log.</Empty>
      ) : (
        <Tail key={attempt} runId={detail.run.id} attempt={attempt} follow={follow} onFollow={setFollow} />
      )}
    </Panel>
  );
}

interface ChoiceProps {
  numbers: number[];
  chosen: number;
  onChoose(attempt: number): void;
}

function AttemptChoice({ numbers, chosen, onChoose }: ChoiceProps) {
  return (
    <label>
      <span className="visually-hidden">Log of attempt</span>
      <select
        className={styles.choice}
        value={chosen}
        onChange={(event) => onChoose(Number(event.target.value))}
      >
        {numbers.map((number) => (
          <option key={number} value={number}>
            attempt {number}
          </option>
        ))}
      </select>
    </label>
  );
}

interface TailProps {
  runId: string;
  attempt: number;
  follow: boolean;
  onFollow(follow: boolean): void;
}

function Tail({ runId, attempt, follow, onFollow }: TailProps) {
  const { buffer, read, error } = useLog(runId, attempt);
  const frame = useRef<HTMLDivElement>(null);
  const length = buffer.first + buffer.lines.length;
  // biome-ignore lint/correctness/useExhaustiveDependencies: scrolls whenever the log has grown
  useEffect(() => {
    if (follow && frame.current) frame.current.scrollTop = frame.current.scrollHeight;
  }, [follow, length, buffer.rest]);
  const empty = buffer.lines.length === 0 && buffer.rest === '';
  return (
    <>
      {error !== undefined && (
        <p role="status" className={styles.note}>
          Could not read further: {error}
        </p>
      )}
      {buffer.first > 1 && (
        <p className={styles.note}>
          Only the last {CAPACITY} lines are kept here. The whole log is an artifact when the run has ended.
        </p>
      )}
      <div
        ref={frame}
        role="log"
        aria-label={`Log of attempt ${attempt}`}
        aria-live={follow ? 'off' : 'polite'}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable without a mouse
        tabIndex={0}
        className={styles.log}
        onWheel={(event) => {
          if (event.deltaY < 0) onFollow(false);
        }}
      >
        {empty && (
          <span className={styles.note}>{read ? 'The log is empty so far.' : 'Reading the log …'}</span>
        )}
        <Lines buffer={buffer} />
      </div>
    </>
  );
}

const Lines = memo(function Lines({ buffer }: { buffer: LogBuffer }) {
  const shown = buffer.rest === '' ? buffer.lines : [...buffer.lines, buffer.rest];
  return shown.map((line, index) => <Line key={buffer.first + index} text={line} />);
});

const Line = memo(function Line({ text }: { text: string }) {
  return (
    <div className={styles.line} data-level={/\b(ERROR|WARN)\b/.exec(text)?.[1]}>
      {text || ' '}
    </div>
  );
});
