-- Configurations that a user wants tried in a study, each once by its key, in the order of their arrival.

CREATE TABLE enqueued (
    study_id   uuid NOT NULL REFERENCES studies,
    key        text NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
    position   bigint GENERATED ALWAYS AS IDENTITY,
    params     jsonb NOT NULL,
    -- The trial that took it.
    number     integer,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (study_id, key)
);
CREATE INDEX enqueued_waiting ON enqueued (study_id, position) WHERE number IS NULL;
