/** The columns of the attempt table: who held each lease, on what, and why it ended. */
import { ATTEMPT_STATES, FAILURE_CAUSES } from '../api/states.ts';
import type { AttemptRecord, Failure } from '../api/types.ts';
import { useNow } from '../lib/clock.ts';
import { ABSENT, energy } from '../lib/number.ts';
import { elapsed, span } from '../lib/time.ts';
import { StateBadge } from '../ui/Badge.tsx';
import type { Column } from '../ui/column.ts';
import { RelativeTime } from '../ui/RelativeTime.tsx';
import table from '../ui/Table.module.css';

export const ATTEMPT_COLUMNS: Column<AttemptRecord>[] = [
  { key: 'attempt', header: 'Attempt', rowHeader: true, cell: ({ attempt }) => attempt },
  { key: 'state', header: 'State', cell: ({ state }) => <StateBadge {...ATTEMPT_STATES[state]} /> },
  { key: 'worker', header: 'Worker', title: (a) => a.worker_id, cell: (a) => a.worker_name },
  {
    key: 'device',
    header: 'Device',
    look: 'mono',
    title: (a) => a.device_uuid,
    cell: (a) => shorten(a.device_uuid),
  },
  { key: 'leased', header: 'Leased', cell: (a) => <RelativeTime instant={a.leased_at} focusable /> },
  { key: 'preparing', header: 'Preparing', align: 'right', cell: (a) => <Preparing attempt={a} /> },
  { key: 'training', header: 'Training', align: 'right', cell: (a) => <Training attempt={a} /> },
  {
    key: 'energy',
    header: 'Energy',
    align: 'right',
    title: (a) => (a.energy ? ENERGY_SOURCES[a.energy.source] : 'known only on GPUs'),
    cell: (a) => (a.energy ? energy(a.energy.joules) : ABSENT),
  },
  { key: 'end', header: 'End', look: 'wrap', cell: (a) => <End attempt={a} /> },
];

const ENERGY_SOURCES: Record<NonNullable<AttemptRecord['energy']>['source'], string> = {
  counter: "read from the GPU's counter",
  sampled: 'summed up from samples of the power',
  tdp: 'not measured: power limit times duration',
  shared: 'an upper bound: energy of the whole GPU; the attempt held one MIG instance of it',
};

function Preparing({ attempt: { state, leased_at, started_at, ended_at } }: { attempt: AttemptRecord }) {
  const now = useNow(ATTEMPT_STATES[state].live ? 'second' : 'calm');
  return spanOrAbsent(elapsed(leased_at, started_at ?? ended_at, now));
}

function Training({ attempt: { state, started_at, ended_at } }: { attempt: AttemptRecord }) {
  const now = useNow(ATTEMPT_STATES[state].live ? 'second' : 'calm');
  return spanOrAbsent(elapsed(started_at, ended_at, now));
}

function spanOrAbsent(milliseconds: number | null): string {
  return milliseconds === null ? ABSENT : span(milliseconds);
}

function End({ attempt }: { attempt: AttemptRecord }) {
  const { failure, consequence, prune_reason, lease_expires_at, ended_at } = attempt;
  if (failure) return <FailedEnd failure={failure} consequence={consequence} />;
  if (prune_reason) return `pruned: ${prune_reason}`;
  if (lease_expires_at) {
    return (
      <>
        lease ends <RelativeTime instant={lease_expires_at} pace="second" /> unless renewed
      </>
    );
  }
  return ended_at ? <RelativeTime instant={ended_at} focusable /> : ABSENT;
}

interface FailedEndProps {
  failure: Failure;
  consequence: string | null | undefined;
}

function FailedEnd({ failure: { cause, message, evidence }, consequence }: FailedEndProps) {
  return (
    <>
      {FAILURE_CAUSES[cause]}: {message}
      {evidence && !message.includes(evidence) && (
        <>
          <br />
          shown by <code className={table.mono}>{evidence}</code>
        </>
      )}
      {consequence && (
        <>
          <br />
          {consequence}
        </>
      )}
    </>
  );
}

/** `GPU-1a2b3c4d…` and `CPU-…-0`: devices differ at both ends. */
function shorten(uuid: string): string {
  return uuid.length <= 20 ? uuid : `${uuid.slice(0, 12)}…${uuid.slice(-4)}`;
}
