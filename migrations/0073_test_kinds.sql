-- A run kind and a study state for opening a test split apart from training. The next migration uses them: a value that was
-- added to an enum type cannot be used in the same transaction.
ALTER TYPE run_kind ADD VALUE 'test';
ALTER TYPE study_state ADD VALUE 'testing' AFTER 'finishing';
