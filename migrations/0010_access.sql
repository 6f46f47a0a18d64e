-- Who may come in: tokens with roles, and browser sessions that a token opened. Secrets are kept as hashes alone.

CREATE TYPE role AS ENUM ('viewer', 'worker', 'operator', 'admin');

CREATE TABLE tokens (
    id           uuid PRIMARY KEY,
    name         text NOT NULL CHECK (name ~ '^[A-Za-z0-9._-]{1,100}$'),
    role         role NOT NULL,
    -- SHA-256 of a text with 256 random bits: nothing to guess, so no slow hash is needed.
    hash         bytea NOT NULL UNIQUE CHECK (length(hash) = 32),
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz,
    revoked_at   timestamptz,
    last_used_at timestamptz
);
CREATE UNIQUE INDEX tokens_name ON tokens (name) WHERE revoked_at IS NULL;

-- A login link until it is followed, a session from then on.
CREATE TABLE sessions (
    id          uuid PRIMARY KEY,
    role        role NOT NULL,
    -- Hash of the token that made the link: without that token the session ends.
    issuer_hash bytea NOT NULL CHECK (length(issuer_hash) = 32),
    code_hash   bytea UNIQUE CHECK (length(code_hash) = 32),
    cookie_hash bytea UNIQUE CHECK (length(cookie_hash) = 32),
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL,
    CHECK ((code_hash IS NULL) <> (cookie_hash IS NULL))
);
CREATE INDEX sessions_expiry ON sessions (expires_at);

-- The token by which a worker introduced itself; null for the coordinator's own.
ALTER TABLE workers ADD COLUMN token_id uuid REFERENCES tokens;
