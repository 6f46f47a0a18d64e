-- The queue: what stands in line for devices. A study and a pretraining each have one entry, under their own id. Turns,
-- holds, shares, limits and retries belong to the entry, so that no statement about them needs to know which noun it holds.
--
-- Coordinators of an earlier release cannot serve this schema: stop them first. Workers train on meanwhile.

CREATE TABLE queue (
    id               uuid PRIMARY KEY,
    -- Unique over all nouns.
    name             text NOT NULL UNIQUE CHECK (name ~ '^[A-Za-z0-9._-]{1,100}$'),
    -- Name of the token that created it; null for callers without one, who count as one user.
    owner            text,
    priority         integer NOT NULL DEFAULT 0 CHECK (priority BETWEEN -100 AND 100),
    hold             hold NOT NULL DEFAULT 'none',
    -- What it asks of a device.
    gpu_model        text,
    min_memory_bytes bigint,
    walltime_s       integer CHECK (walltime_s >= 1),
    -- Live runs at most.
    max_concurrent   integer NOT NULL CHECK (max_concurrent >= 1),
    -- Further attempts of one run after failures, of one run after losses, and after failures of all runs together.
    retries          integer NOT NULL CHECK (retries >= 0),
    lost_retries     integer NOT NULL CHECK (lost_retries >= 0),
    total_retries    integer NOT NULL CHECK (total_retries >= 0),
    backbone_id      uuid NOT NULL REFERENCES backbones,
    -- What its runs are given beside their own parameters: `queue::work` reads and writes it.
    work             jsonb NOT NULL CHECK (work ? 'kind'),
    -- The entry whose end must come first, because it leaves the backbone.
    awaits           uuid REFERENCES queue,
    -- A user has had runs tried again: more of them may be open than may be live.
    retried          boolean NOT NULL DEFAULT false,
    -- Its runs are given out. An ended study or pretraining has a closed entry.
    open             boolean NOT NULL DEFAULT true,
    created_at       timestamptz NOT NULL DEFAULT now()
);

INSERT INTO queue (id, name, owner, priority, hold, gpu_model, min_memory_bytes, walltime_s, max_concurrent, retries,
    lost_retries, total_retries, backbone_id, work, open, created_at)
SELECT s.id, s.name, s.owner, s.priority, s.hold, s.gpu_model, s.min_memory_bytes, s.walltime_s, s.max_concurrent,
    s.retries, least(coalesce((s.spec ->> 'lost_retries')::bigint, 20), 2147483647),
    least(coalesce((s.spec ->> 'study_retries')::bigint, greatest(s.trials, 10)), 2147483647), s.backbone_id,
    CASE WHEN s.dataset_id IS NULL
        THEN jsonb_build_object('kind', 'adapt', 'passages', s.passages_sha256, 'held_out', s.held_out_sha256)
        ELSE jsonb_strip_nulls(jsonb_build_object('kind', 'train', 'fixed', coalesce(s.spec -> 'fixed', '{}'), 'metric', s.spec -> 'metric',
            'pruner', s.spec -> 'pruner', 'train', d.train_sha256, 'dev', d.dev_sha256))
    END,
    s.state IN ('searching', 'finishing'), s.created_at
FROM studies s LEFT JOIN datasets d ON d.id = s.dataset_id;

-- A pretraining's state is that of its one run.
CREATE TABLE pretrainings (
    id              uuid PRIMARY KEY REFERENCES queue,
    spec            jsonb NOT NULL,
    passages_sha256 text NOT NULL REFERENCES artifacts,
    held_out_sha256 text NOT NULL REFERENCES artifacts
);
INSERT INTO pretrainings (id, spec, passages_sha256, held_out_sha256)
SELECT id, spec, passages_sha256, held_out_sha256 FROM studies WHERE dataset_id IS NULL;

-- A run belongs to an entry of the queue.
ALTER TABLE runs DROP CONSTRAINT runs_study_id_fkey;
ALTER TABLE runs RENAME COLUMN study_id TO queue_id;
ALTER TABLE runs RENAME CONSTRAINT runs_study_id_number_key TO runs_queue_id_number_key;
ALTER TABLE runs ADD FOREIGN KEY (queue_id) REFERENCES queue;
ALTER TABLE events RENAME COLUMN study_id TO queue_id;
UPDATE queue q SET retried = true
WHERE q.max_concurrent < (SELECT count(*) FROM runs r WHERE r.queue_id = q.id AND r.state IN ('waiting', 'leased', 'running'));

-- A study keeps what only a study has.
DROP FUNCTION device_fits(studies, devices, workers);
DROP TRIGGER studies_held ON studies;
DROP INDEX studies_open;
DELETE FROM studies WHERE dataset_id IS NULL;
ALTER TABLE studies
    ADD FOREIGN KEY (id) REFERENCES queue,
    ALTER COLUMN dataset_id SET NOT NULL,
    DROP COLUMN name, DROP COLUMN owner, DROP COLUMN priority, DROP COLUMN hold,
    DROP COLUMN gpu_model, DROP COLUMN min_memory_bytes, DROP COLUMN walltime_s,
    DROP COLUMN max_concurrent, DROP COLUMN retries, DROP COLUMN backbone_id,
    DROP COLUMN passages_sha256, DROP COLUMN held_out_sha256, DROP COLUMN created_at;
CREATE INDEX studies_open ON studies (id) WHERE state IN ('searching', 'finishing');
CREATE INDEX queue_open ON queue (id) WHERE open;
CREATE INDEX queue_awaiting ON queue (awaits) WHERE awaits IS NOT NULL;

-- Whether a device has what an entry of the queue asks for. `queue::fit` says the same in words; a test compares them.
CREATE FUNCTION device_fits(q queue, d devices, w workers) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT (q.gpu_model IS NULL OR (d.kind = 'gpu' AND position(lower(q.gpu_model) IN lower(d.name)) > 0))
       AND (q.min_memory_bytes IS NULL OR coalesce(d.memory_bytes >= q.min_memory_bytes, false))
       AND (q.walltime_s IS NULL OR w.available_until IS NULL
            OR w.available_until >= now() + make_interval(secs => q.walltime_s))
$$;

-- At most `max_concurrent` runs of an entry are live. Proposing opens no more than that, so that no lease can break the limit
-- unless a user has had runs tried again. Then leases of the entry are granted one at a time. A lock that is taken is not
-- waited for: its holder may want this run. A lease of any other entry says that it need not be counted.
ALTER TABLE attempts ADD COLUMN counted boolean NOT NULL DEFAULT true;
CREATE FUNCTION check_live_runs() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    entry record;
BEGIN
    SELECT q.id, q.max_concurrent INTO entry
    FROM runs r JOIN queue q ON q.id = r.queue_id WHERE r.id = new.run_id;
    PERFORM FROM queue WHERE id = entry.id FOR NO KEY UPDATE SKIP LOCKED;
    -- Counted after the lock: the count sees every lease that was granted before.
    IF NOT FOUND OR (SELECT count(*) FROM runs WHERE queue_id = entry.id AND state IN ('leased', 'running'))
                    > entry.max_concurrent THEN
        RAISE EXCEPTION 'more than % runs of % may be live', entry.max_concurrent, entry.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'queue_live_runs';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER attempts_within_limit AFTER INSERT ON attempts
    FOR EACH ROW WHEN (new.counted) EXECUTE FUNCTION check_live_runs();

CREATE FUNCTION note_retry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE queue SET retried = true WHERE id = new.queue_id AND NOT retried;
    RETURN NULL;
END
$$;
CREATE TRIGGER runs_retried AFTER UPDATE OF state ON runs
    FOR EACH ROW WHEN (old.state IN ('failed', 'cancelled') AND new.state = 'waiting') EXECUTE FUNCTION note_retry();

-- Changes are announced with the id of the entry, which is that of the study or pretraining.
ALTER TYPE topic ADD VALUE 'pretraining';
ALTER TYPE topic ADD VALUE 'queue';

CREATE OR REPLACE FUNCTION announce_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('pedigree_changes', json_build_object(
        'revision', new.revision, 'topic', new.topic, 'queue_id', new.queue_id, 'run_id', new.run_id)::text);
    RETURN NULL;
END
$$;

DROP TRIGGER studies_changed ON studies;
DROP FUNCTION record_study;
-- A row of a table whose key is the id of a queue's entry.
CREATE FUNCTION record_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO events (topic, queue_id) VALUES (tg_argv[0]::topic, new.id);
    RETURN NULL;
END
$$;
CREATE TRIGGER studies_changed AFTER INSERT OR UPDATE ON studies FOR EACH ROW EXECUTE FUNCTION record_entry('study');
CREATE TRIGGER pretrainings_changed AFTER INSERT ON pretrainings
    FOR EACH ROW EXECUTE FUNCTION record_entry('pretraining');
CREATE TRIGGER queue_changed AFTER UPDATE OF priority, hold, awaits ON queue
    FOR EACH ROW EXECUTE FUNCTION record_entry('queue');
CREATE TRIGGER queue_held AFTER UPDATE OF hold, awaits ON queue
    FOR EACH ROW WHEN (old.hold IS DISTINCT FROM new.hold OR old.awaits IS DISTINCT FROM new.awaits)
    EXECUTE FUNCTION wake_claims();

CREATE OR REPLACE FUNCTION record_seal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO events (topic, queue_id, run_id) VALUES ('study', new.study_id, new.run_id);
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION record_run() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('pedigree.announced_run', true) IS DISTINCT FROM new.id::text THEN
        PERFORM set_config('pedigree.announced_run', new.id::text, true);
        INSERT INTO events (topic, queue_id, run_id) VALUES ('run', new.queue_id, new.id);
    END IF;
    IF new.state = 'waiting' THEN
        PERFORM pg_notify('pedigree_work', '');
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION record_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO events (topic, queue_id, run_id)
        SELECT 'log', queue_id, id FROM runs WHERE id = new.run_id;
    RETURN NULL;
END
$$;

-- Which causes end a study is said once, in `protocol::retry`: this serves any set of causes.
DROP INDEX runs_fatal;
CREATE INDEX runs_failed ON runs (queue_id, failure_cause) WHERE failure_cause IS NOT NULL;
