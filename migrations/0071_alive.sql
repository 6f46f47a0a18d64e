-- A worker is alive while it was heard within twice the length of the lease that it was told when it introduced itself.
-- After one length it has lost what it held; the second one is for a coordinator that restarts.
ALTER TABLE workers ADD COLUMN lease_ttl interval NOT NULL DEFAULT '30 seconds';

CREATE FUNCTION worker_is_alive(w workers) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT w.last_seen_at > now() - 2 * w.lease_ttl
$$;
