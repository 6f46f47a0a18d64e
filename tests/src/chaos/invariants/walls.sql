-- In the study `frail` the sampler panics at its second trial. That ends this study with a sentence, and no other.
SELECT format('study %s is %s: %s', name, state, failure)
FROM studies JOIN queue USING (id)
WHERE name = 'frail' AND (state <> 'failed' OR failure NOT LIKE 'a fault of Pedigree in proposing: planted%')
