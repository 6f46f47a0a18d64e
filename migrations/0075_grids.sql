-- Grids: datasets x backbones x variants. A cell becomes a study; the pretrainings before the cells are entries of the queue
-- like any other. The grid itself has no runs.

CREATE TYPE grid_state AS ENUM ('pretraining', 'searching', 'selecting', 'completed', 'failed', 'cancelled');

CREATE TABLE grids (
    id             uuid PRIMARY KEY,
    name           text NOT NULL UNIQUE CHECK (name ~ '^[A-Za-z0-9._-]{1,100}$'),
    owner          text,
    spec           jsonb NOT NULL,
    state          grid_state NOT NULL DEFAULT 'pretraining',
    failure        text,
    priority       integer NOT NULL DEFAULT 0 CHECK (priority BETWEEN -100 AND 100),
    hold           hold NOT NULL DEFAULT 'none',
    -- Live runs of all its entries together.
    max_concurrent integer CHECK (max_concurrent >= 1),
    -- Its budget is spent: nothing more is proposed.
    spent          boolean NOT NULL DEFAULT false,
    created_at     timestamptz NOT NULL DEFAULT now(),
    ended_at       timestamptz,
    CHECK ((state IN ('completed', 'failed', 'cancelled')) = (ended_at IS NOT NULL)),
    CHECK ((state = 'failed') = (failure IS NOT NULL))
);
CREATE INDEX grids_open ON grids (id) WHERE ended_at IS NULL;

CREATE TABLE grid_cells (
    grid_id  uuid NOT NULL REFERENCES grids,
    dataset  text NOT NULL,
    backbone text NOT NULL,
    variant  text NOT NULL,
    position integer NOT NULL,
    -- Null while the cell waits to begin, and for a hole. One study a cell.
    study_id uuid UNIQUE REFERENCES studies,
    -- Why the cell cannot be had.
    hole     text,
    PRIMARY KEY (grid_id, dataset, backbone, variant),
    UNIQUE (grid_id, position),
    CHECK (study_id IS NULL OR hole IS NULL)
);

-- That a cell was selected for a dataset, and what was seen. Selecting again, by another rule, is another row.
CREATE TABLE grid_selections (
    grid_id  uuid NOT NULL REFERENCES grids,
    dataset  text NOT NULL,
    number   integer NOT NULL CHECK (number >= 1),
    study_id uuid NOT NULL REFERENCES studies,
    record   jsonb NOT NULL,
    -- Not when the transaction began: it may have waited for the grid's lock while the last run ended.
    made_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (grid_id, dataset, number)
);

-- The law of `grid::machine::step`, once more.
CREATE FUNCTION grid_step_allowed(old grid_state, new grid_state) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE old
        WHEN 'pretraining' THEN new IN ('searching', 'failed', 'cancelled')
        WHEN 'searching'   THEN new IN ('selecting', 'failed', 'cancelled')
        WHEN 'selecting'   THEN new IN ('completed', 'failed', 'cancelled')
        ELSE false
    END
$$;
CREATE FUNCTION refuse_illegal_grid_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT grid_step_allowed(old.state, new.state) THEN
        RAISE EXCEPTION 'grid %: no step leads from % to %', old.id, old.state, new.state USING ERRCODE = 'check_violation';
    END IF;
    RETURN new;
END
$$;
CREATE TRIGGER grids_step BEFORE UPDATE OF state ON grids
    FOR EACH ROW WHEN (old.state IS DISTINCT FROM new.state) EXECUTE FUNCTION refuse_illegal_grid_step();

-- A grid takes one share of the devices among its owner's entries.
ALTER TABLE queue ADD COLUMN grid_id uuid REFERENCES grids;
CREATE INDEX queue_of_grid ON queue (grid_id) WHERE grid_id IS NOT NULL;

-- No further trial is proposed: the trials that there are decide.
ALTER TABLE studies ADD COLUMN enough boolean NOT NULL DEFAULT false;

-- What becomes of a study whose final runs have completed: its test split is opened (`test`), or stays shut (`pass_over`), or
-- a selection among the cells of its grid comes first (`wait`).
CREATE FUNCTION selection_verdict(study uuid) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN c.grid_id IS NULL THEN 'test'
        WHEN s.study_id IS NULL THEN 'wait'
        WHEN s.study_id = study OR g.spec -> 'final' ->> 'test' = 'cells' THEN 'test'
        ELSE 'pass_over'
    END
    FROM (SELECT study) asked
    LEFT JOIN grid_cells c ON c.study_id = study
    LEFT JOIN grids g ON g.id = c.grid_id
    LEFT JOIN LATERAL (
        SELECT x.study_id FROM grid_selections x
        WHERE x.grid_id = c.grid_id AND x.dataset = c.dataset ORDER BY x.number DESC LIMIT 1
    ) s ON true
$$;

-- Which selection came before an opening.
ALTER TABLE seals
    ADD COLUMN grid_id uuid REFERENCES grids,
    ADD COLUMN selection integer,
    ADD CHECK ((grid_id IS NULL) = (selection IS NULL));

ALTER TYPE topic ADD VALUE 'grid';
CREATE TRIGGER grids_changed AFTER INSERT OR UPDATE ON grids FOR EACH ROW EXECUTE FUNCTION record_entry('grid');

-- Leases of an entry that may pass its limit are granted one at a time; so are those of a grid with a limit.
CREATE OR REPLACE FUNCTION check_live_runs() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    entry record;
BEGIN
    SELECT q.id, q.max_concurrent, q.grid_id, g.max_concurrent AS most INTO entry
    FROM runs r JOIN queue q ON q.id = r.queue_id LEFT JOIN grids g ON g.id = q.grid_id WHERE r.id = new.run_id;
    PERFORM FROM queue WHERE id = entry.id FOR NO KEY UPDATE SKIP LOCKED;
    -- Counted after the lock: the count sees every lease that was granted before.
    IF NOT FOUND OR (SELECT count(*) FROM runs WHERE queue_id = entry.id AND state IN ('leased', 'running'))
                    > entry.max_concurrent THEN
        RAISE EXCEPTION 'more than % runs of % may be live', entry.max_concurrent, entry.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'queue_live_runs';
    END IF;
    IF entry.most IS NOT NULL THEN
        PERFORM FROM grids WHERE id = entry.grid_id FOR NO KEY UPDATE SKIP LOCKED;
        IF NOT FOUND OR (SELECT count(*) FROM queue q JOIN runs r ON r.queue_id = q.id
                         WHERE q.grid_id = entry.grid_id AND r.state IN ('leased', 'running')) > entry.most THEN
            RAISE EXCEPTION 'more than % runs of the grid % may be live', entry.most, entry.grid_id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'queue_live_runs';
        END IF;
    END IF;
    RETURN NULL;
END
$$;
