WITH granted AS (
    SELECT run_id, attempt, row_number() OVER (PARTITION BY run_id ORDER BY seq) AS place
    FROM witness.log WHERE what = 'attempt' AND before IS NULL
)
SELECT format('run %s was granted attempt %s as its %s. one', run_id, attempt, place)
FROM granted WHERE attempt <> place
UNION ALL
SELECT format('run %s stands at attempt %s and has %s', r.id, r.attempt, count(a.attempt))
FROM runs r LEFT JOIN attempts a ON a.run_id = r.id
GROUP BY r.id, r.attempt HAVING r.attempt <> count(a.attempt) OR r.attempt <> coalesce(max(a.attempt), 0)
