-- Retries by cause: two more causes, what decided each, what followed from it, and devices taken out of use.

ALTER TYPE failure_cause ADD VALUE 'device';
ALTER TYPE failure_cause ADD VALUE 'invalid_job';

ALTER TABLE attempts ADD COLUMN failure_evidence text;
-- What followed from a failure, as a sentence.
ALTER TABLE attempts ADD COLUMN consequence text;
ALTER TABLE runs ADD COLUMN failure_evidence text;
-- A run that failed is not given out before this.
ALTER TABLE runs ADD COLUMN not_before timestamptz;

-- Devices on which one attempt after another failed by the device's fault, until a user takes each back into use.
CREATE TABLE quarantines (
    device_uuid text NOT NULL,
    since       timestamptz NOT NULL DEFAULT now(),
    reason      text NOT NULL,
    released_at timestamptz,
    PRIMARY KEY (device_uuid, since)
);
CREATE UNIQUE INDEX quarantines_one_open ON quarantines (device_uuid) WHERE released_at IS NULL;
CREATE TRIGGER quarantines_changed AFTER INSERT OR UPDATE ON quarantines
    FOR EACH ROW EXECUTE FUNCTION record_topic('fleet');
CREATE INDEX attempts_by_device ON attempts (device_uuid, ended_at) WHERE state IN ('completed', 'failed');

-- The law of `run::machine::step`, once more.
CREATE OR REPLACE FUNCTION run_step_allowed(old run_state, new run_state) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE old
        WHEN 'waiting' THEN new IN ('leased', 'cancelled')
        WHEN 'leased'  THEN new IN ('running', 'waiting', 'completed', 'pruned', 'failed', 'cancelled')
        WHEN 'running' THEN new IN ('waiting', 'completed', 'pruned', 'failed', 'cancelled')
        -- A user has it tried again.
        WHEN 'failed'    THEN new = 'waiting'
        WHEN 'cancelled' THEN new = 'waiting'
        ELSE false
    END
$$;
