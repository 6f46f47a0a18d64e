-- A study trains its final runs, several where it asks for it, without the test split. When they have completed, and a
-- selection among studies has chosen it where there is one, a test run opens the split once for all their models.
--
-- Coordinators and workers of an earlier release cannot serve this schema: stop them first.

ALTER TABLE runs
    -- Number among the study's final runs.
    ADD COLUMN replicate integer CHECK (replicate >= 1),
    -- The models that a test run scores: `TrainedModel`s.
    ADD COLUMN models jsonb;
UPDATE runs SET replicate = 1 WHERE kind = 'final';
ALTER TABLE runs
    ADD CHECK ((kind = 'final') = (replicate IS NOT NULL)),
    ADD CHECK ((kind = 'test') = (models IS NOT NULL));
DROP INDEX runs_one_final;
CREATE UNIQUE INDEX runs_one_final ON runs (queue_id, replicate) WHERE kind = 'final';
CREATE UNIQUE INDEX runs_one_test ON runs (queue_id) WHERE kind = 'test';

DROP INDEX studies_open;
CREATE INDEX studies_open ON studies (id) WHERE state IN ('searching', 'finishing', 'testing');

-- The law of `study::machine::step`, once more.
CREATE OR REPLACE FUNCTION study_step_allowed(old study_state, new study_state) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE old
        WHEN 'searching' THEN new IN ('finishing', 'failed', 'cancelled')
        WHEN 'finishing' THEN new IN ('testing', 'completed', 'failed', 'cancelled')
        WHEN 'testing'   THEN new IN ('completed', 'failed', 'cancelled')
        -- A user has its failed runs tried again.
        WHEN 'failed'    THEN new IN ('searching', 'finishing', 'testing')
        ELSE false
    END
$$;

-- The ledger of a dataset's test split: its rows of all studies.
ALTER TABLE seals ADD COLUMN dataset_id uuid REFERENCES datasets;
UPDATE seals e SET dataset_id = s.dataset_id FROM studies s WHERE s.id = e.study_id;
ALTER TABLE seals ALTER COLUMN dataset_id SET NOT NULL;
CREATE INDEX seals_of_dataset ON seals (dataset_id, opened_at);

-- One result a model. What was sealed before had one model: that of the final run.
ALTER TABLE seals DROP CONSTRAINT seals_check;
ALTER TABLE seals RENAME COLUMN scores TO results;
UPDATE seals e SET results = jsonb_build_array(jsonb_build_object('run_id', r.id, 'seed', r.seed, 'scores', e.results))
FROM runs r WHERE r.id = e.run_id AND e.results IS NOT NULL;
ALTER TABLE seals ADD CONSTRAINT seals_results CHECK ((results IS NULL) = (sealed_at IS NULL));

-- The best completed trial: the best value; of equal ones the lower loss on dev, then the lower number.
CREATE FUNCTION best_trial(study uuid) RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT r.id FROM runs r JOIN studies s ON s.id = r.queue_id
    WHERE r.queue_id = study AND r.kind = 'trial' AND r.state = 'completed'
    ORDER BY CASE WHEN s.maximize THEN -r.value ELSE r.value END,
             (r.summary ->> 'dev_loss')::double precision NULLS LAST, r.number
    LIMIT 1
$$;
