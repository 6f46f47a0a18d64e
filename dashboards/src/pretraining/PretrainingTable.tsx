import { Link } from '@tanstack/react-router';
import { RUN_STATES } from '../api/states.ts';
import type { Dapt } from '../api/types.ts';
import { useNow } from '../lib/clock.ts';
import { ABSENT, bytes, count } from '../lib/number.ts';
import { elapsed, span } from '../lib/time.ts';
import { StateBadge, Tag } from '../ui/Badge.tsx';
import styles from '../ui/Listing.module.css';
import { RelativeTime } from '../ui/RelativeTime.tsx';
import { ScrollTable } from '../ui/ScrollTable.tsx';
import table from '../ui/Table.module.css';
import { change, perplexityOf } from './pretraining.model.ts';

export function PretrainingTable({ pretrainings }: { pretrainings: Dapt[] }) {
  const live = pretrainings.filter(({ run }) => RUN_STATES[run.state].live).length;
  return (
    <ScrollTable label="Pretrainings" className={styles.frame}>
      <table className={table.table}>
        <caption>
          {pretrainings.length === 1 ? '1 pretraining' : `${pretrainings.length} pretrainings`}, {live} under
          way. Newest first. Pseudo-perplexity of held-out text: lower is better.
        </caption>
        <thead>
          <tr>
            <th scope="col">Pretraining</th>
            <th scope="col">Backbone</th>
            <th scope="col">Text</th>
            <th scope="col">State</th>
            <th scope="col" className={table.number}>
              Epochs
            </th>
            <th scope="col" className={table.number}>
              Steps
            </th>
            <th scope="col" className={table.number}>
              Pseudo-perplexity
            </th>
            <th scope="col" className={table.number}>
              Change
            </th>
            <th scope="col" className={table.number}>
              Took
            </th>
            <th scope="col" className={table.number}>
              Created
            </th>
          </tr>
        </thead>
        <tbody>
          {pretrainings.map((dapt) => (
            <PretrainingRow key={dapt.id} dapt={dapt} />
          ))}
        </tbody>
      </table>
    </ScrollTable>
  );
}

function PretrainingRow({ dapt }: { dapt: Dapt }) {
  const { spec, run, summary } = dapt;
  return (
    <tr className={styles.row}>
      <th scope="row">
        <Link className={styles.name} to="/runs/$runId" params={{ runId: run.id }}>
          {spec.name}
        </Link>
      </th>
      <td>{spec.backbone}</td>
      <td>
        {spec.passages.name} <span className={table.muted}>{bytes(spec.passages.bytes)}</span>
      </td>
      <td>
        <span className={styles.tagged} title={run.failure?.message ?? dapt.waits ?? undefined}>
          <StateBadge {...RUN_STATES[run.state]} />
          {run.paused && <Tag>paused</Tag>}
        </span>
      </td>
      <td className={table.number}>{run.epochs}</td>
      <td className={table.number}>{summary ? count(summary.steps) : ABSENT}</td>
      <td className={table.number}>{perplexityOf(dapt) ?? ABSENT}</td>
      <td className={table.number}>
        {summary ? change(summary.before.pseudo_perplexity, summary.after.pseudo_perplexity) : ABSENT}
      </td>
      <td className={table.number}>
        <Took dapt={dapt} />
      </td>
      <td className={table.number}>
        <RelativeTime instant={dapt.created_at} focusable />
      </td>
    </tr>
  );
}

function Took({ dapt: { run } }: { dapt: Dapt }) {
  const live = RUN_STATES[run.state].live;
  const now = useNow(live ? 'second' : 'calm');
  const milliseconds = live || run.ended_at ? elapsed(run.started_at, run.ended_at, now) : null;
  return milliseconds === null ? ABSENT : span(milliseconds);
}
