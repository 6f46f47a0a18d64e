-- The next waiting run, leased to a worker's device by its next attempt: chosen and written at once.
--
-- Whose turn it is: of the studies that the device fits, the one of the highest priority; of equals the one whose user
-- holds the fewest leases; then the one that holds the fewest itself; then the oldest. A study's runs go in their order.
WITH device AS (
    SELECT d, w
    FROM devices d JOIN workers w ON w.id = d.worker_id
    WHERE d.worker_id = $1 AND d.uuid = $2 AND w.hold = 'none'
      -- A device that is still held gives no work until that lease ends.
      AND NOT EXISTS (SELECT 1 FROM attempts a WHERE a.device_uuid = $2 AND a.state IN ('leased', 'running'))
      AND NOT EXISTS (SELECT 1 FROM quarantines q WHERE q.device_uuid = $2 AND q.released_at IS NULL)
), open AS (
    SELECT s, held.leases, sum(held.leases) OVER (PARTITION BY s.owner) AS of_owner
    FROM studies s
    CROSS JOIN LATERAL (
        SELECT count(*) AS leases FROM runs r WHERE r.study_id = s.id AND r.state IN ('leased', 'running')
    ) held
    WHERE s.state IN ('searching', 'finishing')
), turn AS MATERIALIZED (
    SELECT (open.s).id, open.s
    FROM open CROSS JOIN device
    WHERE (open.s).hold = 'none' AND open.leases < (open.s).max_concurrent
      AND device_fits(open.s, device.d, device.w)
    ORDER BY (open.s).priority DESC, open.of_owner, open.leases, (open.s).created_at, (open.s).id
), chosen AS (
    -- Study after study in the order of `turn`, until one has a run that nobody else is taking.
    SELECT run.id
    FROM turn
    CROSS JOIN LATERAL (
        SELECT r.id
        FROM runs r
        WHERE r.study_id = turn.id AND r.state = 'waiting' AND NOT r.paused
          AND (r.not_before IS NULL OR r.not_before <= now())
          -- A run that this device's fault ended goes elsewhere, where another device is in use.
          AND NOT (
              EXISTS (
                  SELECT 1 FROM attempts f
                  WHERE f.run_id = r.id AND f.device_uuid = $2 AND f.failure_cause = 'device')
              AND EXISTS (
                  SELECT 1 FROM devices d JOIN workers w ON w.id = d.worker_id
                  WHERE d.uuid <> $2 AND d.unavailable IS NULL AND w.hold = 'none' AND device_fits(turn.s, d, w)
                    AND w.last_seen_at > now() - make_interval(secs => 2 * $3::double precision)
                    AND NOT EXISTS (
                        SELECT 1 FROM quarantines q WHERE q.device_uuid = d.uuid AND q.released_at IS NULL)
                    AND NOT EXISTS (
                        SELECT 1 FROM attempts f
                        WHERE f.run_id = r.id AND f.device_uuid = d.uuid AND f.failure_cause = 'device')))
        ORDER BY r.created_at, r.number
        LIMIT 1
        FOR NO KEY UPDATE SKIP LOCKED
    ) run
    LIMIT 1
), leased AS (
    UPDATE runs r
    SET state = 'leased', attempt = r.attempt + 1, epochs = 0, best_so_far = NULL, started_at = now()
    FROM chosen
    WHERE r.id = chosen.id
    RETURNING r.id, r.attempt, r.study_id, r.kind, r.number, r.params, r.seed
), granted AS (
    INSERT INTO attempts (run_id, attempt, worker_id, device_uuid, lease_expires_at)
    SELECT id, attempt, $1, $2, clock_timestamp() + make_interval(secs => $3::double precision) FROM leased
    RETURNING run_id
), seen AS (
    UPDATE workers SET last_seen_at = now() FROM granted WHERE id = $1 AND last_seen_at < now() - interval '1 s'
)
SELECT leased.id, leased.attempt, leased.study_id, leased.kind AS "kind: RunKind", leased.number,
       leased.params AS "params: Json<ParamValues>", leased.seed, s.name AS study_name, s.walltime_s,
       s.spec -> 'fixed' AS "fixed: Json<ParamValues>", s.spec -> 'metric' AS "metric: Json<Metric>",
       -- A pretraining has text in place of a dataset.
       coalesce(d.train_sha256, s.passages_sha256) AS "train!", coalesce(d.dev_sha256, s.held_out_sha256) AS "dev!",
       b.spec AS "backbone: Json<BackboneSpec>",
       c.attempt AS "checkpoint_attempt?", c.bytes AS "checkpoint_bytes?"
FROM granted
JOIN leased ON leased.id = granted.run_id
JOIN studies s ON s.id = leased.study_id
LEFT JOIN datasets d ON d.id = s.dataset_id
JOIN backbones b ON b.id = s.backbone_id
LEFT JOIN checkpoints c ON c.run_id = leased.id
