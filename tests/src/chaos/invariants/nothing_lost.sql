-- The attempt that completed a run told all of its epochs.
SELECT format('run %s: its completed attempt %s trained %s epochs and %s are there', r.id, a.attempt,
              r.summary ->> 'epochs', (SELECT count(*) FROM reports p WHERE p.run_id = r.id AND p.attempt = a.attempt))
FROM runs r JOIN attempts a ON a.run_id = r.id AND a.state = 'completed'
WHERE (r.summary ->> 'epochs')::bigint
      <> (SELECT count(*) FROM reports p WHERE p.run_id = r.id AND p.attempt = a.attempt)
UNION ALL
SELECT format('run %s is completed by %s attempts', r.id, count(a.attempt))
FROM runs r LEFT JOIN attempts a ON a.run_id = r.id AND a.state = 'completed'
WHERE r.state = 'completed' GROUP BY r.id HAVING count(a.attempt) <> 1
UNION ALL
SELECT format('study %s has %s trials of %s, numbered up to %s', q.name, count(r.id), s.trials, max(r.number))
FROM studies s JOIN queue q ON q.id = s.id LEFT JOIN runs r ON r.queue_id = s.id AND r.kind = 'trial'
WHERE s.state = 'completed'
GROUP BY s.id, q.id HAVING count(r.id) <> s.trials OR max(r.number) <> s.trials
UNION ALL
SELECT format('study %s failed: %s', name, failure) FROM studies JOIN queue USING (id)
WHERE state = 'failed' AND name <> 'frail'
