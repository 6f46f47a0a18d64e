-- Open studies and pretrainings whose runs call for something: more trials, the final run, or the end. Asked all the time,
-- and therefore of indexes alone that hold what is open, not the past: trials are numbered from 1 without a gap, and only
-- what is no trial has no number.
SELECT s.id
FROM studies s
LEFT JOIN LATERAL (
    SELECT coalesce((SELECT max(r.number) FROM runs r WHERE r.study_id = s.id), 0) AS proposed,
           (SELECT count(*) FROM runs r WHERE r.study_id = s.id AND r.state = 'waiting')
               + (SELECT count(*) FROM runs r WHERE r.study_id = s.id AND r.state IN ('leased', 'running')) AS open,
           EXISTS (SELECT FROM runs r WHERE r.study_id = s.id AND r.failure_cause = 'invalid_input')
               OR (EXISTS (SELECT FROM runs r WHERE r.study_id = s.id AND r.failure_cause = 'invalid_job')
                   AND NOT EXISTS (SELECT FROM runs r WHERE r.study_id = s.id AND r.state = 'completed')) AS fatal,
           EXISTS (SELECT FROM runs r WHERE r.study_id = s.id AND r.number IS NULL AND r.ended_at IS NOT NULL) AS final_ended
) c ON true
WHERE (s.state = 'searching'
       AND (c.fatal OR (s.hold = 'none' AND c.proposed < s.trials AND c.open < s.max_concurrent) OR (c.proposed = s.trials AND c.open = 0)))
   OR (s.state = 'finishing' AND c.final_ended)
ORDER BY s.created_at
