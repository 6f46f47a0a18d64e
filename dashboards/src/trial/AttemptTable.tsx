import { ATTEMPT_STATES, FAILURE_CAUSES } from '../api/states.ts';
import type { AttemptRecord } from '../api/types.ts';
import { useNow } from '../lib/clock.ts';
import { ABSENT, energy } from '../lib/number.ts';
import { elapsed, span } from '../lib/time.ts';
import { StateBadge } from '../ui/Badge.tsx';
import { Empty, Panel } from '../ui/Panel.tsx';
import { RelativeTime } from '../ui/RelativeTime.tsx';
import { ScrollTable } from '../ui/ScrollTable.tsx';
import table from '../ui/Table.module.css';

/** The history of the run's leases: who held each, on what, and why it ended. */
export function AttemptTable({ attempts }: { attempts: AttemptRecord[] }) {
  return (
    <Panel title="Attempts" flush>
      {attempts.length === 0 ? (
        <Empty>No worker has leased this run yet.</Empty>
      ) : (
        <ScrollTable label="Attempts, scrolls">
          <table className={table.table}>
            <caption className="visually-hidden">Attempts, oldest first, with worker, device and end</caption>
            <thead>
              <tr>
                <th scope="col">Attempt</th>
                <th scope="col">State</th>
                <th scope="col">Worker</th>
                <th scope="col">Device</th>
                <th scope="col">Leased</th>
                <th scope="col" className={table.number}>
                  Preparing
                </th>
                <th scope="col" className={table.number}>
                  Training
                </th>
                <th scope="col" className={table.number}>
                  Energy
                </th>
                <th scope="col">End</th>
              </tr>
            </thead>
            <tbody>
              {attempts.map((attempt) => (
                <AttemptRow key={attempt.attempt} attempt={attempt} />
              ))}
            </tbody>
          </table>
        </ScrollTable>
      )}
    </Panel>
  );
}

const ENERGY_SOURCES: Record<NonNullable<AttemptRecord['energy']>['source'], string> = {
  counter: "by the GPU's counter",
  sampled: 'summed up from its power',
  tdp: 'not measured: its power limit times the time',
  shared: 'of the whole GPU, of which it held a MIG instance: an upper bound',
};

function AttemptRow({ attempt }: { attempt: AttemptRecord }) {
  const shown = ATTEMPT_STATES[attempt.state];
  const now = useNow(shown.live ? 'second' : 'calm');
  const preparing = elapsed(attempt.leased_at, attempt.started_at ?? attempt.ended_at, now);
  const training = elapsed(attempt.started_at, attempt.ended_at, now);
  return (
    <tr>
      <th scope="row">{attempt.attempt}</th>
      <td>
        <StateBadge {...shown} />
      </td>
      <td title={attempt.worker_id}>{attempt.worker_name}</td>
      <td className={table.mono} title={attempt.device_uuid}>
        {shorten(attempt.device_uuid)}
      </td>
      <td>
        <RelativeTime instant={attempt.leased_at} focusable />
      </td>
      <td className={table.number}>{preparing === null ? ABSENT : span(preparing)}</td>
      <td className={table.number}>{training === null ? ABSENT : span(training)}</td>
      <td
        className={table.number}
        title={attempt.energy ? ENERGY_SOURCES[attempt.energy.source] : 'known of GPUs alone'}
      >
        {attempt.energy ? energy(attempt.energy.joules) : ABSENT}
      </td>
      <td className={table.wrap}>
        <End attempt={attempt} />
      </td>
    </tr>
  );
}

function End({ attempt }: { attempt: AttemptRecord }) {
  if (attempt.failure) {
    const { cause, message, evidence } = attempt.failure;
    return (
      <>
        {FAILURE_CAUSES[cause]}: {message}
        {evidence && !message.includes(evidence) && (
          <>
            <br />
            shown by <code className={table.mono}>{evidence}</code>
          </>
        )}
        {attempt.consequence && (
          <>
            <br />
            {attempt.consequence}
          </>
        )}
      </>
    );
  }
  if (attempt.prune_reason) return `pruned: ${attempt.prune_reason}`;
  if (attempt.lease_expires_at) {
    return (
      <>
        lease ends <RelativeTime instant={attempt.lease_expires_at} pace="second" /> unless renewed
      </>
    );
  }
  return attempt.ended_at ? <RelativeTime instant={attempt.ended_at} focusable /> : ABSENT;
}

/** `GPU-1a2b3c4d…` and `CPU-…-0`: the ends tell devices apart. */
function shorten(uuid: string): string {
  return uuid.length <= 20 ? uuid : `${uuid.slice(0, 12)}…${uuid.slice(-4)}`;
}
