SELECT g.id, g.name, g.state AS "state: GridState", g.failure, g.hold AS "hold: Hold", g.priority, g.owner,
       g.spec AS "spec: Json<GridSpec>", g.spent, g.created_at, g.ended_at,
       c.cells AS "cells!", c.holes AS "holes!", c.settled AS "settled!", c.trials AS "trials!",
       t.ended AS "trials_ended!"
FROM grids g
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE c.hole IS NULL) AS cells,
           count(*) FILTER (WHERE c.hole IS NOT NULL) AS holes,
           count(*) FILTER (WHERE s.ended_at IS NOT NULL OR s.state = 'testing' OR (s.state = 'finishing' AND NOT EXISTS (
               SELECT FROM runs r WHERE r.queue_id = s.id AND r.ended_at IS NULL))) AS settled,
           coalesce(sum(s.trials), 0)::bigint AS trials
    FROM grid_cells c LEFT JOIN studies s ON s.id = c.study_id WHERE c.grid_id = g.id
) c
CROSS JOIN LATERAL (
    SELECT count(*) AS ended FROM grid_cells c JOIN runs r ON r.queue_id = c.study_id
    WHERE c.grid_id = g.id AND r.kind = 'trial' AND r.ended_at IS NOT NULL
) t
WHERE g.id = ANY ($1)
ORDER BY g.created_at DESC, g.id DESC
