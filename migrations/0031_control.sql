-- Control: pause and drain, priorities and shares, and what a study asks of devices.

ALTER TYPE failure_cause ADD VALUE 'timeout';
CREATE TYPE hold AS ENUM ('none', 'finish', 'now');

ALTER TABLE studies
    ADD COLUMN hold hold NOT NULL DEFAULT 'none',
    ADD COLUMN priority integer NOT NULL DEFAULT 0 CHECK (priority BETWEEN -100 AND 100),
    -- Name of the token by which it was created; null for all who needed none, who are one user.
    ADD COLUMN owner text,
    -- Columns of the spec that SQL decides by.
    ADD COLUMN gpu_model text,
    ADD COLUMN min_memory_bytes bigint,
    ADD COLUMN walltime_s integer;
ALTER TABLE runs
    ADD COLUMN paused boolean NOT NULL DEFAULT false,
    -- A user cancelled it; its worker has not ended it yet.
    ADD COLUMN cancel_asked boolean NOT NULL DEFAULT false;
ALTER TABLE workers
    ADD COLUMN hold hold NOT NULL DEFAULT 'none',
    ADD COLUMN available_until timestamptz;

-- Whether a device has what a study asks for.
CREATE FUNCTION device_fits(s studies, d devices, w workers) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT (s.gpu_model IS NULL OR (d.kind = 'gpu' AND position(lower(s.gpu_model) IN lower(d.name)) > 0))
       AND (s.min_memory_bytes IS NULL OR coalesce(d.memory_bytes >= s.min_memory_bytes, false))
       AND (s.walltime_s IS NULL OR w.available_until IS NULL
            OR w.available_until >= now() + make_interval(secs => s.walltime_s))
$$;

-- Of each study the waiting runs in their order, and how many are live.
DROP INDEX runs_waiting;
CREATE INDEX runs_waiting ON runs (study_id, created_at, number) WHERE state = 'waiting';
CREATE INDEX runs_live ON runs (study_id) WHERE state IN ('leased', 'running');

CREATE FUNCTION wake_claims() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('pedigree_work', '');
    RETURN NULL;
END
$$;
CREATE TRIGGER studies_held AFTER UPDATE OF hold ON studies
    FOR EACH ROW WHEN (old.hold IS DISTINCT FROM new.hold) EXECUTE FUNCTION wake_claims();
CREATE TRIGGER workers_held AFTER UPDATE OF hold ON workers
    FOR EACH ROW WHEN (old.hold IS DISTINCT FROM new.hold) EXECUTE FUNCTION wake_claims();
CREATE TRIGGER workers_hold_changed AFTER UPDATE OF hold ON workers
    FOR EACH ROW WHEN (old.hold IS DISTINCT FROM new.hold) EXECUTE FUNCTION record_topic('fleet');
