-- A log of what happens to runs, attempts, reports and seals, in the order of their row locks.
CREATE SCHEMA witness;

CREATE TABLE witness.log (
    seq      bigserial PRIMARY KEY,
    at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    what     text NOT NULL,
    study_id uuid,
    run_id   uuid,
    attempt  integer,
    device   text,
    before   text,
    after    text,
    number   integer
);

CREATE FUNCTION witness.of_run() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO witness.log (what, study_id, run_id, attempt, before, after)
    VALUES ('run', new.queue_id, new.id, new.attempt,
            CASE WHEN tg_op = 'UPDATE' THEN to_jsonb(old) ->> 'state' END, new.state);
    RETURN NULL;
END
$$;
CREATE TRIGGER witness AFTER INSERT OR UPDATE OF state ON runs FOR EACH ROW EXECUTE FUNCTION witness.of_run();

CREATE FUNCTION witness.of_attempt() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO witness.log (what, run_id, attempt, device, before, after)
    VALUES ('attempt', new.run_id, new.attempt, new.device_uuid,
            CASE WHEN tg_op = 'UPDATE' THEN to_jsonb(old) ->> 'state' END, new.state);
    RETURN NULL;
END
$$;
CREATE TRIGGER witness AFTER INSERT OR UPDATE OF state ON attempts
    FOR EACH ROW EXECUTE FUNCTION witness.of_attempt();

CREATE FUNCTION witness.of_report() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO witness.log (what, run_id, attempt, number) VALUES ('report', new.run_id, new.attempt, new.epoch);
    RETURN NULL;
END
$$;
CREATE TRIGGER witness AFTER INSERT ON reports FOR EACH ROW EXECUTE FUNCTION witness.of_report();

CREATE FUNCTION witness.of_seal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO witness.log (what, study_id, run_id, attempt, number, before, after)
    VALUES ('seal', new.study_id, new.run_id, new.attempt, new.openings,
            CASE WHEN tg_op = 'UPDATE' THEN CASE WHEN to_jsonb(old) -> 'sealed_at' = 'null' THEN 'open' ELSE 'sealed' END END,
            CASE WHEN new.sealed_at IS NULL THEN 'open' ELSE 'sealed' END);
    RETURN NULL;
END
$$;
CREATE TRIGGER witness AFTER INSERT OR UPDATE ON seals FOR EACH ROW EXECUTE FUNCTION witness.of_seal();
