-- The progress of runs that have not ended, so that the next attempt goes on from there.

CREATE TABLE checkpoints (
    run_id    uuid PRIMARY KEY REFERENCES runs,
    -- The attempt that stored it, its size, and where it lies; NULL while the first one arrives.
    attempt   integer,
    bytes     bigint CHECK (bytes >= 0),
    place     text,
    stored_at timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (run_id, attempt) REFERENCES attempts,
    CHECK ((attempt IS NULL) = (bytes IS NULL) AND (attempt IS NULL) = (place IS NULL))
);
