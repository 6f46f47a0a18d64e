SELECT r.id, r.queue_id, r.kind AS "kind: RunKind", r.number, r.state AS "state: RunState", r.attempt,
       r.params AS "params: Json<ParamValues>", r.value, r.best_so_far, r.epochs,
       r.failure_cause AS "failure_cause: FailureCause", r.failure_message, r.failure_evidence, r.paused,
       r.cancel_asked AND r.ended_at IS NULL AS "cancelling!",
       r.created_at, r.started_at, r.ended_at
FROM runs r
WHERE r.queue_id = $1 OR r.id = ANY ($2)
ORDER BY r.number NULLS LAST
