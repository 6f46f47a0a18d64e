import { useState } from 'react';
import { api } from '../api/client.ts';
import type { Worker } from '../api/types.ts';
import { Button } from '../ui/Button.tsx';
import { Dialog } from '../ui/Dialog.tsx';
import { useControl } from './useControl.ts';
import styles from './WorkerPanel.module.css';

interface Props {
  worker: Worker;
  /** Id of the element that says why this user may not drain or resume. */
  refusal: string | undefined;
}

/** The buttons that drain and resume a worker. Draining asks first. */
export function WorkerControls({ worker, refusal }: Props) {
  const [asking, setAsking] = useState(false);
  const drain = useControl((now: boolean) => api.drain(worker.id, now));
  const resume = useControl(() => api.resume(worker.id));
  const problem = drain.problem ?? resume.problem;
  const answer = (now: boolean) => {
    setAsking(false);
    drain.start(now);
  };
  return (
    <>
      {(worker.hold ?? 'none') === 'none' ? (
        <Button onClick={() => setAsking(true)} busy={drain.busy} disabledBy={refusal}>
          Drain<span className="visually-hidden"> {worker.name}</span>
        </Button>
      ) : (
        <Button onClick={resume.start} busy={resume.busy} disabledBy={refusal}>
          Resume<span className="visually-hidden"> {worker.name}</span>
        </Button>
      )}
      {problem && (
        <span role="alert" className={styles.problem}>
          {problem}
        </span>
      )}
      {asking && <Question worker={worker} onAnswer={answer} onClose={() => setAsking(false)} />}
    </>
  );
}

interface QuestionProps {
  worker: Worker;
  onAnswer(now: boolean): void;
  onClose(): void;
}

function Question({ worker, onAnswer, onClose }: QuestionProps) {
  const running = worker.devices.filter((record) => record.run_id != null).length;
  const choice =
    running === 1
      ? 'One run is on it. Let it end, or hand it back now.'
      : `${running} runs are on it. Let them end, or hand them back now.`;
  return (
    <Dialog
      title={`Drain ${worker.name}?`}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Leave it as it is</Button>
          {running > 0 && <Button onClick={() => onAnswer(true)}>Hand back now</Button>}
          <Button strong onClick={() => onAnswer(false)}>
            {running > 0 ? 'Let runs end' : 'Drain'}
          </Button>
        </>
      }
    >
      <p>
        It gets no new runs until it is resumed, not even after a restart.{' '}
        {running > 0 && `${choice} Another worker continues a run that is handed back.`}
      </p>
    </Dialog>
  );
}
