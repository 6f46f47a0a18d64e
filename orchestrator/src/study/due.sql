-- Open studies whose runs call for something: more trials, the final runs, the test run, or the end. The reconciler asks
-- this all the time, so it reads only indexes of what is open, never the past. Trials are numbered from 1 without a gap.
--
-- $1: causes of failure that always end a study. $2: causes that end it while no trial has completed.
SELECT s.id
FROM studies s
JOIN queue q ON q.id = s.id
LEFT JOIN LATERAL (
    SELECT coalesce((SELECT max(r.number) FROM runs r WHERE r.queue_id = s.id), 0) AS proposed,
           (SELECT count(*) FROM runs r WHERE r.queue_id = s.id AND r.state = 'waiting')
               + (SELECT count(*) FROM runs r WHERE r.queue_id = s.id AND r.state IN ('leased', 'running')) AS open,
           EXISTS (SELECT FROM runs r WHERE r.queue_id = s.id AND r.failure_cause = ANY ($1::failure_cause[]))
               OR (EXISTS (SELECT FROM runs r WHERE r.queue_id = s.id AND r.failure_cause = ANY ($2::failure_cause[]))
                   AND NOT EXISTS (SELECT FROM runs r WHERE r.queue_id = s.id AND r.state = 'completed')) AS fatal
) c ON true
WHERE (s.state = 'searching'
       AND (c.fatal OR EXISTS (SELECT FROM queue before WHERE before.id = q.awaits AND NOT before.open)
            OR (q.hold = 'none' AND NOT s.enough AND c.proposed < s.trials AND c.open < q.max_concurrent)
            OR ((s.enough OR c.proposed = s.trials) AND c.open = 0)))
   OR (s.state = 'finishing' AND c.open = 0 AND selection_verdict(s.id) <> 'wait')
   OR (s.state = 'testing' AND c.open = 0)
ORDER BY q.created_at
