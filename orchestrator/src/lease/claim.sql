-- Leases the next waiting run to a worker's device, by the run's next attempt: chooses and writes at once.
--
-- Whose turn it is, among the entries of the queue that the device fits: the highest priority goes first; then the entry
-- whose user holds the fewest leases; then the entry of the grid that holds the fewest leases, an entry without a grid being
-- one by itself; then the entry that holds the fewest leases; then the oldest. The runs of an entry go in their order.
WITH device AS (
    SELECT d, w
    FROM devices d JOIN workers w ON w.id = d.worker_id
    WHERE d.worker_id = $1 AND d.uuid = $2 AND w.hold = 'none'
      -- A worker of another release line would not understand the grant.
      AND starts_with(w.version, $4)
      -- A device that is still held gives no work until that lease ends.
      AND NOT EXISTS (SELECT 1 FROM attempts a WHERE a.device_uuid = $2 AND a.state IN ('leased', 'running'))
      AND NOT EXISTS (SELECT 1 FROM quarantines q WHERE q.device_uuid = $2 AND q.released_at IS NULL)
), open AS (
    SELECT q, held.leases, sum(held.leases) OVER (PARTITION BY q.owner) AS of_owner,
           sum(held.leases) OVER (PARTITION BY coalesce(q.grid_id, q.id)) AS of_grid
    FROM queue q
    CROSS JOIN LATERAL (
        SELECT count(*) AS leases FROM runs r WHERE r.queue_id = q.id AND r.state IN ('leased', 'running')
    ) held
    WHERE q.open
), turn AS MATERIALIZED (
    SELECT (open.q).id, open.q, g.max_concurrent IS NOT NULL AS limited
    FROM open CROSS JOIN device LEFT JOIN grids g ON g.id = (open.q).grid_id
    WHERE (open.q).hold = 'none' AND (open.q).awaits IS NULL AND open.leases < (open.q).max_concurrent
      AND (g.max_concurrent IS NULL OR open.of_grid < g.max_concurrent)
      AND device_fits(open.q, device.d, device.w)
    ORDER BY (open.q).priority DESC, open.of_owner, open.of_grid, open.leases, (open.q).created_at, (open.q).id
), chosen AS (
    -- Entry after entry in the order of `turn`, until one has a run that nobody else is taking.
    SELECT run.id, (turn.q).retried OR turn.limited AS counted
    FROM turn
    CROSS JOIN LATERAL (
        SELECT r.id
        FROM runs r
        WHERE r.queue_id = turn.id AND r.state = 'waiting' AND NOT r.paused
          AND (r.not_before IS NULL OR r.not_before <= now())
          -- A run that failed by this device's fault goes to another device, if one is in use.
          AND NOT (
              EXISTS (
                  SELECT 1 FROM attempts f
                  WHERE f.run_id = r.id AND f.device_uuid = $2 AND f.failure_cause = 'device')
              AND EXISTS (
                  SELECT 1 FROM devices d JOIN workers w ON w.id = d.worker_id
                  WHERE d.uuid <> $2 AND d.unavailable IS NULL AND w.hold = 'none' AND device_fits(turn.q, d, w)
                    AND worker_is_alive(w) AND starts_with(w.version, $4)
                    AND NOT EXISTS (
                        SELECT 1 FROM quarantines q WHERE q.device_uuid = d.uuid AND q.released_at IS NULL)
                    AND NOT EXISTS (
                        SELECT 1 FROM attempts f
                        WHERE f.run_id = r.id AND f.device_uuid = d.uuid AND f.failure_cause = 'device')))
        ORDER BY r.created_at, r.number, r.replicate
        LIMIT 1
        FOR NO KEY UPDATE SKIP LOCKED
    ) run
    LIMIT 1
), leased AS (
    UPDATE runs r
    SET state = 'leased', attempt = r.attempt + 1, epochs = 0, best_so_far = NULL, started_at = now()
    FROM chosen
    WHERE r.id = chosen.id
    RETURNING r.id, r.attempt, r.queue_id, r.kind, r.number, r.params, r.seed, r.models, chosen.counted
), granted AS (
    -- Only an entry with retried runs, or one of a grid with a limit, can pass a limit, so only its leases are counted.
    INSERT INTO attempts (run_id, attempt, worker_id, device_uuid, lease_expires_at, counted)
    SELECT id, attempt, $1, $2, clock_timestamp() + make_interval(secs => $3::double precision), counted FROM leased
    RETURNING run_id
), seen AS (
    UPDATE workers SET last_seen_at = now() FROM granted WHERE id = $1 AND last_seen_at < now() - interval '1 s'
)
SELECT leased.id, leased.attempt, leased.queue_id, leased.kind AS "kind: RunKind", leased.number,
       leased.params AS "params: Json<ParamValues>", leased.seed, q.name AS queue_name, q.walltime_s,
       q.work AS "work: Json<queue::work::Work>",
       leased.models AS "models: Json<Vec<TrainedModel>>",
       b.spec AS "backbone: Json<BackboneSpec>",
       c.attempt AS "checkpoint_attempt?", c.bytes AS "checkpoint_bytes?"
FROM granted
JOIN leased ON leased.id = granted.run_id
JOIN queue q ON q.id = leased.queue_id
JOIN backbones b ON b.id = q.backbone_id
LEFT JOIN checkpoints c ON c.run_id = leased.id
