-- Pruning: the state `pruned` can be reached, and an attempt keeps why its trial is to end.

ALTER TABLE attempts ADD COLUMN prune_reason text;

-- The law of `run::machine::step`, once more.
CREATE OR REPLACE FUNCTION run_step_allowed(old run_state, new run_state) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE old
        WHEN 'waiting' THEN new IN ('leased', 'cancelled')
        WHEN 'leased'  THEN new IN ('running', 'waiting', 'completed', 'pruned', 'failed', 'cancelled')
        WHEN 'running' THEN new IN ('waiting', 'completed', 'pruned', 'failed', 'cancelled')
        ELSE false
    END
$$;
