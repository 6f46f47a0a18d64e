-- Changes: a row in `events` and a notification, written by triggers so that no statement can forget them.

CREATE TYPE topic AS ENUM ('dataset', 'backbone', 'study', 'run', 'log', 'fleet');

CREATE TABLE events (
    revision bigserial PRIMARY KEY,
    at       timestamptz NOT NULL DEFAULT now(),
    topic    topic NOT NULL,
    study_id uuid,
    run_id   uuid
);

CREATE FUNCTION announce_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('pedigree_changes', json_build_object(
        'revision', new.revision, 'topic', new.topic, 'study_id', new.study_id, 'run_id', new.run_id)::text);
    RETURN NULL;
END
$$;
CREATE TRIGGER events_announce AFTER INSERT ON events FOR EACH ROW EXECUTE FUNCTION announce_event();

-- Tables whose row says nothing but its topic.
CREATE FUNCTION record_topic() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO events (topic) VALUES (tg_argv[0]::topic);
    RETURN NULL;
END
$$;
CREATE TRIGGER datasets_changed AFTER INSERT ON datasets FOR EACH ROW EXECUTE FUNCTION record_topic('dataset');
CREATE TRIGGER backbones_changed AFTER INSERT ON backbones FOR EACH ROW EXECUTE FUNCTION record_topic('backbone');
CREATE TRIGGER workers_changed AFTER INSERT OR UPDATE OF name, pid, version ON workers
    FOR EACH ROW EXECUTE FUNCTION record_topic('fleet');

CREATE FUNCTION record_study() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO events (topic, study_id) VALUES ('study', new.id);
    RETURN NULL;
END
$$;
CREATE TRIGGER studies_changed AFTER INSERT OR UPDATE ON studies FOR EACH ROW EXECUTE FUNCTION record_study();

CREATE FUNCTION record_seal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO events (topic, study_id, run_id) VALUES ('study', new.study_id, new.run_id);
    RETURN NULL;
END
$$;
CREATE TRIGGER seals_changed AFTER INSERT OR UPDATE ON seals FOR EACH ROW EXECUTE FUNCTION record_seal();

CREATE FUNCTION record_run() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO events (topic, study_id, run_id) VALUES ('run', new.study_id, new.id);
    IF new.state = 'waiting' THEN
        PERFORM pg_notify('pedigree_work', '');
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER runs_changed AFTER INSERT OR UPDATE ON runs FOR EACH ROW EXECUTE FUNCTION record_run();

-- A lease that begins or ends changes what the list of workers shows, and an ended one frees a device.
CREATE FUNCTION record_attempt() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO events (topic, run_id) VALUES ('fleet', new.run_id);
    IF new.ended_at IS NOT NULL THEN
        PERFORM pg_notify('pedigree_work', '');
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER attempts_changed AFTER INSERT OR UPDATE OF state ON attempts
    FOR EACH ROW EXECUTE FUNCTION record_attempt();

CREATE FUNCTION record_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO events (topic, study_id, run_id)
        SELECT 'log', study_id, id FROM runs WHERE id = new.run_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER log_slices_changed AFTER INSERT ON log_slices FOR EACH ROW EXECUTE FUNCTION record_log();
