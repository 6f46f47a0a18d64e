-- Open studies and pretrainings whose runs call for something: more trials, the final run, or the end.
SELECT s.id
FROM studies s
LEFT JOIN LATERAL (
    SELECT count(*) FILTER (WHERE r.kind = 'trial') AS proposed,
           count(*) FILTER (WHERE r.kind = 'trial' AND r.ended_at IS NULL) AS open,
           coalesce(bool_or(r.failure_cause = 'invalid_input'), false)
               OR coalesce(bool_or(r.failure_cause = 'invalid_job') AND NOT bool_or(r.state = 'completed'), false) AS fatal,
           coalesce(bool_or(r.kind <> 'trial' AND r.ended_at IS NOT NULL), false) AS final_ended
    FROM runs r WHERE r.study_id = s.id
) c ON true
WHERE (s.state = 'searching'
       AND (c.fatal OR (s.hold = 'none' AND c.proposed < s.trials AND c.open < s.max_concurrent) OR (c.proposed = s.trials AND c.open = 0)))
   OR (s.state = 'finishing' AND c.final_ended)
ORDER BY s.created_at
