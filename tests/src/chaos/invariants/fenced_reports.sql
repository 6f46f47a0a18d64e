SELECT format('epoch %s of attempt %s of run %s was stored outside its lease', l.number, l.attempt, l.run_id)
FROM witness.log l
WHERE l.what = 'report'
  AND (NOT EXISTS (SELECT 1 FROM witness.log b
                   WHERE b.what = 'attempt' AND b.run_id = l.run_id AND b.attempt = l.attempt AND b.seq < l.seq)
       OR EXISTS (SELECT 1 FROM witness.log e
                  WHERE e.what = 'attempt' AND e.run_id = l.run_id AND e.seq < l.seq
                    AND (e.attempt > l.attempt OR (e.attempt = l.attempt AND e.after NOT IN ('leased', 'running')))))
