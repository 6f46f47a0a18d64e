-- Studies and their runs. Enum types mirror those of `protocol`.

CREATE TYPE study_state AS ENUM ('searching', 'finishing', 'completed', 'failed', 'cancelled');
CREATE TYPE run_kind AS ENUM ('trial', 'final');
CREATE TYPE run_state AS ENUM ('waiting', 'leased', 'running', 'completed', 'pruned', 'failed', 'cancelled');
CREATE TYPE failure_cause AS ENUM ('oom', 'diverged', 'invalid_input', 'crashed', 'lost');

CREATE TABLE studies (
    id          uuid PRIMARY KEY,
    name        text NOT NULL UNIQUE CHECK (name ~ '^[A-Za-z0-9._-]{1,100}$'),
    dataset_id  uuid NOT NULL REFERENCES datasets,
    backbone_id uuid NOT NULL REFERENCES backbones,
    spec        jsonb NOT NULL,
    state       study_state NOT NULL DEFAULT 'searching',
    failure     text,
    -- Columns of the spec that SQL decides by.
    trials         integer NOT NULL CHECK (trials >= 1),
    max_concurrent integer NOT NULL CHECK (max_concurrent >= 1),
    retries        integer NOT NULL CHECK (retries >= 0),
    maximize       boolean NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    ended_at    timestamptz,
    CHECK ((state IN ('completed', 'failed', 'cancelled')) = (ended_at IS NOT NULL)),
    CHECK ((state = 'failed') = (failure IS NOT NULL))
);
CREATE INDEX studies_open ON studies (id) WHERE state IN ('searching', 'finishing');

CREATE TABLE runs (
    id              uuid PRIMARY KEY,
    study_id        uuid NOT NULL REFERENCES studies,
    kind            run_kind NOT NULL,
    number          integer CHECK (number >= 1),
    state           run_state NOT NULL DEFAULT 'waiting',
    -- The newest attempt's number; it only grows.
    attempt         integer NOT NULL DEFAULT 0 CHECK (attempt >= 0),
    crashes         integer NOT NULL DEFAULT 0 CHECK (crashes >= 0),
    losses          integer NOT NULL DEFAULT 0 CHECK (losses >= 0),
    params          jsonb NOT NULL,
    seed            bigint NOT NULL,
    suggestion      jsonb,
    value           double precision,
    best_so_far     double precision,
    epochs          integer NOT NULL DEFAULT 0 CHECK (epochs >= 0),
    failure_cause   failure_cause,
    failure_message text,
    summary         jsonb,
    created_at      timestamptz NOT NULL DEFAULT now(),
    started_at      timestamptz,
    ended_at        timestamptz,
    UNIQUE (study_id, number),
    CHECK ((kind = 'trial') = (number IS NOT NULL)),
    CHECK ((kind = 'trial') = (suggestion IS NOT NULL)),
    CHECK ((state IN ('completed', 'pruned', 'failed', 'cancelled')) = (ended_at IS NOT NULL)),
    CHECK ((state = 'completed') = (value IS NOT NULL)),
    CHECK ((state = 'completed') = (summary IS NOT NULL)),
    CHECK ((state = 'failed') = (failure_cause IS NOT NULL)),
    CHECK ((failure_cause IS NULL) = (failure_message IS NULL)),
    CHECK (state NOT IN ('leased', 'running') OR attempt >= 1),
    CHECK ((attempt >= 1) = (started_at IS NOT NULL))
);
CREATE UNIQUE INDEX runs_one_final ON runs (study_id) WHERE kind = 'final';
CREATE INDEX runs_waiting ON runs (created_at, number) WHERE state = 'waiting';

-- The law of `run::machine::step`, once more.
CREATE FUNCTION run_step_allowed(old run_state, new run_state) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE old
        WHEN 'waiting' THEN new IN ('leased', 'cancelled')
        WHEN 'leased'  THEN new IN ('running', 'waiting', 'completed', 'failed', 'cancelled')
        WHEN 'running' THEN new IN ('waiting', 'completed', 'failed', 'cancelled')
        ELSE false
    END
$$;

CREATE FUNCTION refuse_illegal_run_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT run_step_allowed(old.state, new.state) THEN
        RAISE EXCEPTION 'run %: no step leads from % to %', old.id, old.state, new.state USING ERRCODE = 'check_violation';
    END IF;
    RETURN new;
END
$$;

CREATE TRIGGER runs_step BEFORE UPDATE OF state ON runs
    FOR EACH ROW WHEN (old.state IS DISTINCT FROM new.state) EXECUTE FUNCTION refuse_illegal_run_step();
