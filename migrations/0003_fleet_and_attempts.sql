-- Workers, their devices, and the attempts by which they hold runs.

CREATE TYPE device_kind AS ENUM ('gpu', 'cpu');
CREATE TYPE attempt_state AS ENUM
    ('leased', 'running', 'completed', 'failed', 'lost', 'released', 'cancelled', 'pruned');

CREATE TABLE workers (
    id           uuid PRIMARY KEY,
    name         text NOT NULL,
    pid          integer NOT NULL,
    version      text NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE devices (
    worker_id    uuid NOT NULL REFERENCES workers,
    uuid         text NOT NULL,
    position     integer NOT NULL,
    kind         device_kind NOT NULL,
    name         text NOT NULL,
    memory_bytes bigint,
    unavailable  text,
    PRIMARY KEY (worker_id, uuid)
);

CREATE TABLE attempts (
    run_id           uuid NOT NULL REFERENCES runs,
    attempt          integer NOT NULL CHECK (attempt >= 1),
    worker_id        uuid NOT NULL REFERENCES workers,
    device_uuid      text NOT NULL,
    state            attempt_state NOT NULL DEFAULT 'leased',
    failure_cause    failure_cause,
    failure_message  text,
    -- How its worker ended it, word for word: the same end sent again is answered alike.
    end_write        jsonb,
    log_bytes        bigint NOT NULL DEFAULT 0 CHECK (log_bytes >= 0),
    leased_at        timestamptz NOT NULL DEFAULT now(),
    started_at       timestamptz,
    ended_at         timestamptz,
    lease_expires_at timestamptz,
    PRIMARY KEY (run_id, attempt),
    CHECK ((state IN ('leased', 'running')) = (lease_expires_at IS NOT NULL)),
    CHECK ((state IN ('leased', 'running')) = (ended_at IS NULL)),
    CHECK (state <> 'running' OR started_at IS NOT NULL),
    CHECK ((state IN ('failed', 'lost')) = (failure_cause IS NOT NULL)),
    CHECK ((failure_cause IS NULL) = (failure_message IS NULL))
);
-- At most one live lease per run and per device.
CREATE UNIQUE INDEX attempts_one_live_per_run ON attempts (run_id) WHERE state IN ('leased', 'running');
CREATE UNIQUE INDEX attempts_one_live_per_device ON attempts (device_uuid) WHERE state IN ('leased', 'running');
CREATE INDEX attempts_expiry ON attempts (lease_expires_at) WHERE state IN ('leased', 'running');
-- A run is completed by one attempt.
CREATE UNIQUE INDEX attempts_one_completed ON attempts (run_id) WHERE state = 'completed';

CREATE TABLE attempt_artifacts (
    run_id   uuid NOT NULL,
    attempt  integer NOT NULL,
    name     text NOT NULL,
    sha256   text NOT NULL REFERENCES artifacts,
    PRIMARY KEY (run_id, attempt, name),
    FOREIGN KEY (run_id, attempt) REFERENCES attempts
);

CREATE TABLE reports (
    run_id      uuid NOT NULL,
    attempt     integer NOT NULL,
    epoch       integer NOT NULL CHECK (epoch >= 1),
    metrics     jsonb NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (run_id, attempt, epoch),
    FOREIGN KEY (run_id, attempt) REFERENCES attempts
);

CREATE TABLE log_slices (
    run_id     uuid NOT NULL,
    attempt    integer NOT NULL,
    start_byte bigint NOT NULL CHECK (start_byte >= 0),
    -- Bytes, not text: a log may hold NUL, which text cannot.
    content    bytea NOT NULL CHECK (length(content) >= 1),
    PRIMARY KEY (run_id, attempt, start_byte),
    FOREIGN KEY (run_id, attempt) REFERENCES attempts
);

-- That a study's test split was opened. One per study.
CREATE TABLE seals (
    study_id    uuid PRIMARY KEY REFERENCES studies,
    run_id      uuid NOT NULL,
    attempt     integer NOT NULL,
    test_sha256 text NOT NULL REFERENCES artifacts,
    opened_at   timestamptz NOT NULL DEFAULT now(),
    openings    integer NOT NULL DEFAULT 1 CHECK (openings >= 1),
    scores      jsonb,
    sealed_at   timestamptz,
    FOREIGN KEY (run_id, attempt) REFERENCES attempts,
    CHECK ((scores IS NULL) = (sealed_at IS NULL))
);
