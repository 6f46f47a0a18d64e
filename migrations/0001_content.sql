-- Content: artifacts by hash, and the datasets and backbones made of them.

CREATE TABLE artifacts (
    sha256     text PRIMARY KEY CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    bytes      bigint NOT NULL CHECK (bytes >= 0),
    -- A test split: served to a final run alone.
    sealed     boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE datasets (
    id           uuid PRIMARY KEY,
    name         text NOT NULL UNIQUE CHECK (name ~ '^[A-Za-z0-9._-]{1,100}$'),
    spec         jsonb NOT NULL,
    train_sha256 text NOT NULL REFERENCES artifacts,
    dev_sha256   text NOT NULL REFERENCES artifacts,
    test_sha256  text NOT NULL REFERENCES artifacts,
    synthetic    boolean NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    CHECK (test_sha256 <> train_sha256 AND test_sha256 <> dev_sha256)
);
CREATE INDEX datasets_train ON datasets (train_sha256);
CREATE INDEX datasets_dev ON datasets (dev_sha256);

CREATE TABLE backbones (
    id         uuid PRIMARY KEY,
    name       text NOT NULL UNIQUE CHECK (name ~ '^[A-Za-z0-9._-]{1,100}$'),
    spec       jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
