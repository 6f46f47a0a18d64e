-- The energy that each attempt's GPU took, and how it is known.

CREATE TYPE energy_source AS ENUM ('counter', 'sampled', 'tdp');
ALTER TABLE attempts
    ADD COLUMN energy_joules double precision CHECK (energy_joules >= 0),
    ADD COLUMN energy_source energy_source,
    ADD CHECK ((energy_joules IS NULL) = (energy_source IS NULL));
