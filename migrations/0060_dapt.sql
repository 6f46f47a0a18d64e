-- Domain-adaptive pretraining as a run. It stands in the queue like a study of one run: the same turns, holds, shares,
-- budgets and ends. What makes it no study is that it has text in place of a dataset.

ALTER TYPE run_kind ADD VALUE 'dapt';

ALTER TABLE studies
    ALTER COLUMN dataset_id DROP NOT NULL,
    ADD COLUMN passages_sha256 text REFERENCES artifacts,
    ADD COLUMN held_out_sha256 text REFERENCES artifacts,
    ADD CHECK ((dataset_id IS NULL) = (passages_sha256 IS NOT NULL)),
    ADD CHECK ((passages_sha256 IS NULL) = (held_out_sha256 IS NULL));
