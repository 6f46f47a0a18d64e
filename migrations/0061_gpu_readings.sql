-- What each worker's GPUs showed last. A table of its own and without a trigger: readings come every few seconds, and
-- nobody waits for one.

ALTER TYPE energy_source ADD VALUE 'shared';

CREATE TABLE gpu_readings (
    worker_id   uuid NOT NULL REFERENCES workers,
    device_uuid text NOT NULL,
    reading     jsonb NOT NULL,
    read_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (worker_id, device_uuid)
);
