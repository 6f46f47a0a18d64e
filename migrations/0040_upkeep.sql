-- When a coordinator last looked after leases: how an outage is noticed once it is over.

CREATE TABLE upkeep (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    at  timestamptz NOT NULL DEFAULT now()
);
INSERT INTO upkeep DEFAULT VALUES;
