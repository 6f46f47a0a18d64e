-- The history of a grid of one cell, and so of a study of one trial: its first attempt is lost, the second completes, and so do the final run and the test run.
INSERT INTO artifacts (sha256, bytes) SELECT repeat(digit, 64), 1 FROM unnest(ARRAY['1', '2', '3']) AS digit;
INSERT INTO datasets (id, name, spec, train_sha256, dev_sha256, test_sha256, synthetic)
VALUES ('00000000-0000-0000-0000-000000000001', 'corpus', '{}', repeat('1', 64), repeat('2', 64), repeat('3', 64), true);
INSERT INTO backbones (id, name, spec) VALUES ('00000000-0000-0000-0000-000000000002', 'encoder', '{}');
INSERT INTO queue (id, name, max_concurrent, retries, lost_retries, total_retries, backbone_id, work)
VALUES ('00000000-0000-0000-0000-000000000003', 'grid.corpus.encoder', 1, 1, 20, 10, '00000000-0000-0000-0000-000000000002',
        '{"kind": "train"}');
INSERT INTO studies (id, dataset_id, spec, trials, maximize)
VALUES ('00000000-0000-0000-0000-000000000003', '00000000-0000-0000-0000-000000000001', '{}', 1, true);
INSERT INTO grids (id, name, spec) VALUES ('00000000-0000-0000-0000-000000000007', 'grid', '{}');
INSERT INTO grid_cells (grid_id, dataset, backbone, variant, position, study_id)
VALUES ('00000000-0000-0000-0000-000000000007', 'corpus', 'encoder', 'main', 0, '00000000-0000-0000-0000-000000000003');
UPDATE grids SET state = 'searching';
INSERT INTO workers (id, name, pid, version) VALUES ('00000000-0000-0000-0000-0000000000aa', 'host', 1, '0');

INSERT INTO runs (id, queue_id, kind, number, params, seed, suggestion)
VALUES ('00000000-0000-0000-0000-000000000004', '00000000-0000-0000-0000-000000000003', 'trial', 1, '{}', 1, '{}');

UPDATE runs SET state = 'leased', attempt = 1, started_at = now() WHERE number = 1;
INSERT INTO attempts (run_id, attempt, worker_id, device_uuid, lease_expires_at)
VALUES ('00000000-0000-0000-0000-000000000004', 1, '00000000-0000-0000-0000-0000000000aa', 'GPU-1', now());
INSERT INTO reports (run_id, attempt, epoch, metrics) VALUES ('00000000-0000-0000-0000-000000000004', 1, 1, '{}');
UPDATE attempts SET state = 'lost', failure_cause = 'lost', failure_message = 'gone', ended_at = now(), lease_expires_at = NULL;
UPDATE runs SET state = 'waiting' WHERE number = 1;

UPDATE runs SET state = 'leased', attempt = 2 WHERE number = 1;
INSERT INTO attempts (run_id, attempt, worker_id, device_uuid, lease_expires_at)
VALUES ('00000000-0000-0000-0000-000000000004', 2, '00000000-0000-0000-0000-0000000000aa', 'GPU-1', now());
UPDATE runs SET state = 'running' WHERE number = 1;
INSERT INTO reports (run_id, attempt, epoch, metrics)
SELECT '00000000-0000-0000-0000-000000000004', 2, epoch, '{}' FROM generate_series(1, 2) AS epoch;
UPDATE attempts SET state = 'completed', ended_at = now(), lease_expires_at = NULL WHERE attempt = 2;
UPDATE runs SET state = 'completed', value = 0.5, summary = '{"epochs": 2}', ended_at = now() WHERE number = 1;

INSERT INTO runs (id, queue_id, kind, replicate, params, seed)
VALUES ('00000000-0000-0000-0000-000000000005', '00000000-0000-0000-0000-000000000003', 'final', 1, '{}', 1);
UPDATE runs SET state = 'leased', attempt = 1, started_at = now() WHERE kind = 'final';
INSERT INTO attempts (run_id, attempt, worker_id, device_uuid, lease_expires_at)
VALUES ('00000000-0000-0000-0000-000000000005', 1, '00000000-0000-0000-0000-0000000000aa', 'GPU-1', now());
INSERT INTO reports (run_id, attempt, epoch, metrics) VALUES ('00000000-0000-0000-0000-000000000005', 1, 1, '{}');
UPDATE attempts SET state = 'completed', ended_at = now(), lease_expires_at = NULL
WHERE run_id = '00000000-0000-0000-0000-000000000005';
UPDATE runs SET state = 'completed', value = 0.5, summary = '{"epochs": 1}', ended_at = now() WHERE kind = 'final';
UPDATE studies SET state = 'finishing';

-- All of this is one transaction, and so one moment.
INSERT INTO grid_selections (grid_id, dataset, number, study_id, record, made_at)
VALUES ('00000000-0000-0000-0000-000000000007', 'corpus', 1, '00000000-0000-0000-0000-000000000003', '{}', now());
UPDATE grids SET state = 'selecting';
INSERT INTO runs (id, queue_id, kind, params, seed, models)
VALUES ('00000000-0000-0000-0000-000000000006', '00000000-0000-0000-0000-000000000003', 'test', '{}', 1, '[]');
UPDATE studies SET state = 'testing';
UPDATE runs SET state = 'leased', attempt = 1, started_at = now() WHERE kind = 'test';
INSERT INTO attempts (run_id, attempt, worker_id, device_uuid, lease_expires_at)
VALUES ('00000000-0000-0000-0000-000000000006', 1, '00000000-0000-0000-0000-0000000000aa', 'GPU-1', now());
INSERT INTO seals (study_id, dataset_id, run_id, attempt, test_sha256, grid_id, selection)
VALUES ('00000000-0000-0000-0000-000000000003', '00000000-0000-0000-0000-000000000001',
        '00000000-0000-0000-0000-000000000006', 1, repeat('3', 64), '00000000-0000-0000-0000-000000000007', 1);
UPDATE seals SET results = '[]', sealed_at = now();
UPDATE attempts SET state = 'completed', ended_at = now(), lease_expires_at = NULL
WHERE run_id = '00000000-0000-0000-0000-000000000006';
UPDATE runs SET state = 'completed', value = 0.5, summary = '{}', ended_at = now() WHERE kind = 'test';
UPDATE studies SET state = 'completed', ended_at = now();
UPDATE grids SET state = 'completed', ended_at = now();
