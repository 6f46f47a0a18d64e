WITH ends AS (
    SELECT r.id, r.state,
           count(l.seq) FILTER (WHERE l.after IN ('completed', 'pruned', 'failed', 'cancelled')
                                  AND l.before IS DISTINCT FROM l.after) AS times
    FROM runs r LEFT JOIN witness.log l ON l.run_id = r.id AND l.what = 'run'
    GROUP BY r.id, r.state
)
SELECT format('run %s is %s and was seen to end %s times', id, state, times)
FROM ends
WHERE times <> 1 OR state NOT IN ('completed', 'pruned', 'failed', 'cancelled')
UNION ALL
SELECT format('study %s is %s', name, state) FROM studies JOIN queue USING (id)
WHERE state NOT IN ('completed', 'failed', 'cancelled') OR open
