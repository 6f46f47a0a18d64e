WITH openings AS (
    SELECT study_id, count(DISTINCT run_id) AS runs, count(DISTINCT attempt) AS attempts, max(number) AS counted,
           count(*) FILTER (WHERE before = 'sealed') AS late,
           count(*) FILTER (WHERE before = 'open' AND after = 'sealed') AS sealed
    FROM witness.log WHERE what = 'seal' GROUP BY study_id
)
SELECT format('study %s: opened by %s runs', study_id, runs) FROM openings WHERE runs <> 1
UNION ALL
SELECT format('study %s: %s openings are on record, by %s attempts', study_id, counted, attempts)
FROM openings WHERE counted <> attempts
UNION ALL
SELECT format('study %s: the seal was touched %s times after it was closed', study_id, late) FROM openings WHERE late > 0
UNION ALL
SELECT format('study %s: scores were sealed %s times', study_id, sealed)
FROM openings JOIN studies s ON s.id = study_id
WHERE sealed > 1 OR (s.state = 'completed' AND sealed <> 1)
UNION ALL
SELECT format('study %s: opened by run %s, which is a %s', se.study_id, se.run_id, r.kind)
FROM seals se JOIN runs r ON r.id = se.run_id WHERE r.kind <> 'test'
UNION ALL
SELECT format('study %s is completed without a seal', q.name)
FROM studies s JOIN queue q ON q.id = s.id
WHERE s.state = 'completed' AND selection_verdict(s.id) <> 'pass_over' AND NOT EXISTS (SELECT 1 FROM seals WHERE study_id = s.id)
