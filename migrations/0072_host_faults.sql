-- A failure of the host on which an attempt was to train: a full disk, a missing library. It costs the run nothing.
ALTER TYPE failure_cause ADD VALUE 'host';
