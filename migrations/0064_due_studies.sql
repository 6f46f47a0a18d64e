-- Every pass of the upkeep asks of each open study whether a trial has failed as all others would. Without this it read every
-- trial that the study ever had, several times a second.
CREATE INDEX runs_fatal ON runs (study_id) WHERE failure_cause IN ('invalid_input', 'invalid_job');
