WITH changes AS (
    SELECT device, run_id, attempt, seq, 1 AS change
    FROM witness.log WHERE what = 'attempt' AND before IS NULL
    UNION ALL
    SELECT device, run_id, attempt, seq, -1
    FROM witness.log
    WHERE what = 'attempt' AND before IN ('leased', 'running') AND after NOT IN ('leased', 'running')
), live AS (
    SELECT *, sum(change) OVER (PARTITION BY device ORDER BY seq) AS leases FROM changes
)
SELECT format('device %s held %s leases when attempt %s of run %s began', device, leases, attempt, run_id)
FROM live WHERE leases > 1
UNION ALL
SELECT format('device %s still holds attempt %s of run %s, which has ended', a.device_uuid, a.attempt, a.run_id)
FROM attempts a JOIN runs r ON r.id = a.run_id
WHERE a.state IN ('leased', 'running') AND r.ended_at IS NOT NULL
