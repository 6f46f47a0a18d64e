-- A transaction announces a run, and an attempt, once, however often it writes them: a start, ten reports and an end that
-- travel together were five announcements, each a row and a notification. A local setting ends with its transaction.

CREATE OR REPLACE FUNCTION record_run() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('pedigree.announced_run', true) IS DISTINCT FROM new.id::text THEN
        PERFORM set_config('pedigree.announced_run', new.id::text, true);
        INSERT INTO events (topic, study_id, run_id) VALUES ('run', new.study_id, new.id);
    END IF;
    IF new.state = 'waiting' THEN
        PERFORM pg_notify('pedigree_work', '');
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION record_attempt() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('pedigree.announced_attempt', true) IS DISTINCT FROM new.run_id::text THEN
        PERFORM set_config('pedigree.announced_attempt', new.run_id::text, true);
        INSERT INTO events (topic, run_id) VALUES ('fleet', new.run_id);
    END IF;
    IF new.ended_at IS NOT NULL THEN
        PERFORM pg_notify('pedigree_work', '');
    END IF;
    RETURN NULL;
END
$$;
