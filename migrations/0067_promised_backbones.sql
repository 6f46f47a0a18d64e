-- A pretraining may promise a backbone: the one that it registers, under that name, when it completes. A study can be
-- queued for a promised backbone; its entry awaits the pretraining.

CREATE TABLE promised_backbones (
    name           text PRIMARY KEY CHECK (name ~ '^[A-Za-z0-9._-]{1,100}$'),
    pretraining_id uuid NOT NULL UNIQUE REFERENCES pretrainings
);

-- An entry has its backbone, or awaits it.
ALTER TABLE queue
    ALTER COLUMN backbone_id DROP NOT NULL,
    ADD CHECK (backbone_id IS NOT NULL OR awaits IS NOT NULL);
