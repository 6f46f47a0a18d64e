SELECT r.id, r.queue_id, r.kind AS "kind: RunKind", r.number, r.replicate, r.state AS "state: RunState", r.attempt,
       r.params AS "params: Json<ParamValues>", r.value, r.best_so_far, r.epochs,
       r.failure_cause AS "failure_cause: FailureCause", r.failure_message, r.failure_evidence, r.paused,
       r.cancel_asked AND r.ended_at IS NULL AS "cancelling!",
       r.created_at, r.started_at, r.ended_at
FROM runs r
WHERE (r.queue_id = $1 OR r.id = ANY ($2))
    AND ($3::run_state IS NULL OR r.state = $3)
    AND ($4::run_kind IS NULL OR r.kind = $4)
    AND ($5::bigint IS NULL
        OR r.id IN (SELECT e.run_id FROM events e WHERE e.revision > $5 AND e.topic = 'run'))
    AND ($6::integer IS NULL OR (coalesce(r.number, 2147483647), r.id) > ($6, $7::uuid))
ORDER BY r.number NULLS LAST, r.id LIMIT $8
