SELECT s.id, s.spec AS "spec: Json<StudySpec>", s.state AS "state: StudyState", s.failure, q.created_at,
       q.hold AS "hold: Hold", q.priority, q.owner,
       s.ended_at, d.synthetic,
       c.waiting AS "waiting!", c.leased AS "leased!", c.running AS "running!", c.completed AS "completed!",
       c.pruned AS "pruned!", c.failed AS "failed!", c.cancelled AS "cancelled!",
       b.id AS "best_id?", b.number AS "best_number?", b.value AS "best_value?",
       b.params AS "best_params?: Json<ParamValues>",
       f.runs AS "finals!: Json<Vec<FinalRun>>",
       t.id AS "test_run_id?", t.state AS "test_run_state?: RunState",
       e.run_id AS "seal_run_id?", e.attempt AS "seal_attempt?", e.test_sha256 AS "seal_test_sha256?",
       e.opened_at AS "seal_opened_at?", e.openings AS "seal_openings?",
       e.results AS "seal_results?: Json<Vec<TestResult>>", e.sealed_at AS "seal_sealed_at?"
FROM studies s
JOIN queue q ON q.id = s.id
JOIN datasets d ON d.id = s.dataset_id
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE r.state = 'waiting')   AS waiting,
           count(*) FILTER (WHERE r.state = 'leased')    AS leased,
           count(*) FILTER (WHERE r.state = 'running')   AS running,
           count(*) FILTER (WHERE r.state = 'completed') AS completed,
           count(*) FILTER (WHERE r.state = 'pruned')    AS pruned,
           count(*) FILTER (WHERE r.state = 'failed')    AS failed,
           count(*) FILTER (WHERE r.state = 'cancelled') AS cancelled
    FROM runs r WHERE r.queue_id = s.id AND r.kind = 'trial'
) c
LEFT JOIN runs b ON b.id = best_trial(s.id)
CROSS JOIN LATERAL (
    SELECT coalesce(jsonb_agg(jsonb_build_object('run_id', r.id, 'replicate', r.replicate, 'seed', r.seed, 'state', r.state,
               'value', r.value) ORDER BY r.replicate), '[]') AS runs
    FROM runs r WHERE r.queue_id = s.id AND r.kind = 'final'
) f
LEFT JOIN runs t ON t.queue_id = s.id AND t.kind = 'test'
LEFT JOIN seals e ON e.study_id = s.id
WHERE s.id = ANY ($1)
ORDER BY q.created_at DESC, s.id DESC
