SELECT format('grid %s: the cell of %s and %s has %s studies', g.name, c.dataset, c.backbone, count(s.id))
FROM grids g JOIN grid_cells c ON c.grid_id = g.id
LEFT JOIN queue q ON q.name = format('%s.%s.%s', g.name, c.dataset, c.backbone) LEFT JOIN studies s ON s.id = q.id
WHERE c.hole IS NULL AND g.state = 'completed'
GROUP BY g.name, c.dataset, c.backbone, c.study_id HAVING count(s.id) <> 1 OR min(s.id::text) <> c.study_id::text
UNION ALL
SELECT format('grid %s: %s was selected for %s times', g.name, x.dataset, count(*))
FROM grids g JOIN grid_selections x ON x.grid_id = g.id GROUP BY g.name, x.dataset HAVING count(*) <> 1
UNION ALL
SELECT format('grid %s has completed without a selection for %s', g.name, c.dataset)
FROM grids g JOIN grid_cells c ON c.grid_id = g.id JOIN studies s ON s.id = c.study_id
WHERE g.state = 'completed' AND s.state = 'completed'
      AND NOT EXISTS (SELECT FROM grid_selections x WHERE x.grid_id = g.id AND x.dataset = c.dataset)
UNION ALL
SELECT format('grid %s selected for %s while run %s had not ended', g.name, x.dataset, r.id)
FROM grids g JOIN grid_selections x ON x.grid_id = g.id JOIN grid_cells c ON c.grid_id = g.id
JOIN runs r ON r.queue_id = c.study_id AND r.kind IN ('trial', 'final')
WHERE r.ended_at IS NULL OR r.ended_at > x.made_at
UNION ALL
-- Only the winner's split was opened, after the selection that the seal names.
SELECT format('grid %s: study %s opened its test split by selection %s, made at %s', g.name, e.study_id, e.selection, x.made_at)
FROM grids g JOIN grid_cells c ON c.grid_id = g.id JOIN seals e ON e.study_id = c.study_id
LEFT JOIN grid_selections x ON x.grid_id = g.id AND x.dataset = c.dataset AND x.number = e.selection
WHERE x.study_id IS DISTINCT FROM e.study_id OR e.opened_at < x.made_at
