-- The law of `study::machine::step`, once more.

CREATE FUNCTION study_step_allowed(old study_state, new study_state) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE old
        WHEN 'searching' THEN new IN ('finishing', 'failed', 'cancelled')
        WHEN 'finishing' THEN new IN ('completed', 'failed', 'cancelled')
        -- A user has its failed runs tried again.
        WHEN 'failed'    THEN new IN ('searching', 'finishing')
        ELSE false
    END
$$;

CREATE FUNCTION refuse_illegal_study_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT study_step_allowed(old.state, new.state) THEN
        RAISE EXCEPTION 'study %: no step leads from % to %', old.id, old.state, new.state USING ERRCODE = 'check_violation';
    END IF;
    RETURN new;
END
$$;

CREATE TRIGGER studies_step BEFORE UPDATE OF state ON studies
    FOR EACH ROW WHEN (old.state IS DISTINCT FROM new.state) EXECUTE FUNCTION refuse_illegal_study_step();

-- The entry of an ended study is closed.
CREATE FUNCTION follow_study() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE queue SET open = (new.ended_at IS NULL) WHERE id = new.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER studies_open_or_closed AFTER UPDATE OF state ON studies
    FOR EACH ROW WHEN (old.state IS DISTINCT FROM new.state) EXECUTE FUNCTION follow_study();
