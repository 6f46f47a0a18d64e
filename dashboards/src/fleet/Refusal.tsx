import { useLiveQuery } from '../api/live.tsx';
import { queries } from '../api/queries.ts';
import type { Role } from '../api/types.ts';
import styles from './WorkerPanel.module.css';

const ID = 'no-control';

const MAY_OPERATE: Record<Role, boolean> = { viewer: false, worker: false, operator: true, admin: true };

/** The sentence that says why this user controls nothing, and its id. Operators and admins get neither. */
export function useRefusal() {
  const { data: session } = useLiveQuery(queries.session());
  const refused = session === undefined || !MAY_OPERATE[session.role];
  return {
    refusal: refused ? ID : undefined,
    sentence: refused && (
      <p id={ID} className={styles.refusal}>
        {session && (
          <>
            Your role is {session.role}; only operators drain and resume workers. <code>pedigree login</code>{' '}
            prints a link that logs this browser in.
          </>
        )}
      </p>
    ),
  };
}
