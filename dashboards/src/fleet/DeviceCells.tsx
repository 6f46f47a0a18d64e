import { Link } from '@tanstack/react-router';
import { api } from '../api/client.ts';
import { ABSENT } from '../lib/number.ts';
import { StateBadge } from '../ui/Badge.tsx';
import { Button } from '../ui/Button.tsx';
import table from '../ui/Table.module.css';
import type { DeviceRow } from './device.model.ts';
import { useControl } from './useControl.ts';
import styles from './WorkerPanel.module.css';

/** The cells that every device has: which it is, how it is, what holds it. */
export function DeviceCells({ row, refusal }: { row: DeviceRow; refusal: string | undefined }) {
  return (
    <>
      <th scope="row">
        <span className={styles.device}>
          {row.name}
          <span className={`${table.mono} ${styles.uuid}`}>{row.uuid}</span>
        </span>
      </th>
      <td>
        <span className={styles.state}>
          <StateBadge label={row.label} tone={row.tone} />
          {row.why && <span className={styles.why}>{row.why}</span>}
          {row.quarantined && <Release uuid={row.uuid} refusal={refusal} />}
        </span>
      </td>
      <td>
        {row.run ? (
          <Link to="/runs/$runId" params={{ runId: row.run.id }}>
            {row.run.text}
          </Link>
        ) : (
          ABSENT
        )}
      </td>
    </>
  );
}

function Release({ uuid, refusal }: { uuid: string; refusal: string | undefined }) {
  const release = useControl(() => api.release(uuid));
  return (
    <>
      <Button onClick={release.start} busy={release.busy} disabledBy={refusal}>
        Take back into use
      </Button>
      {release.problem && (
        <span role="alert" className={styles.problem}>
          {release.problem}
        </span>
      )}
    </>
  );
}
