-- A database as the release before 0065 left it: a searching, a completed, a paused
-- and a failed study, and four pretrainings, which were rows of `studies` without a dataset. The paused study has had a run
-- tried again, and its limits do not fit an `integer`.

INSERT INTO artifacts (sha256, bytes, sealed) VALUES
    ('1111111111111111111111111111111111111111111111111111111111111111', 16, false),
    ('2222222222222222222222222222222222222222222222222222222222222222', 16, false),
    ('3333333333333333333333333333333333333333333333333333333333333333', 16, true),
    ('4444444444444444444444444444444444444444444444444444444444444444', 16, false),
    ('5555555555555555555555555555555555555555555555555555555555555555', 16, false),
    ('6666666666666666666666666666666666666666666666666666666666666666', 16, false),
    ('7777777777777777777777777777777777777777777777777777777777777777', 16, false),
    ('8888888888888888888888888888888888888888888888888888888888888888', 16, false),
    ('9999999999999999999999999999999999999999999999999999999999999999', 16, false);

INSERT INTO tokens (id, name, role, hash) VALUES ('019a0000-0000-7000-8000-000000000001', 'alice', 'operator', decode(repeat('ab', 32), 'hex'));

INSERT INTO datasets (id, name, spec, train_sha256, dev_sha256, test_sha256, synthetic) VALUES
    ('019a0000-0000-7000-8000-000000000002', 'corpus', '{"name": "corpus", "splits": {"train": {"sha256": "1111111111111111111111111111111111111111111111111111111111111111", "bytes": 16, "scheme": "IOB2", "sentences": 1, "tokens": 1, "entities": {"Drug": 1}, "longest_sentence": 1}, "dev": {"sha256": "2222222222222222222222222222222222222222222222222222222222222222", "bytes": 16, "scheme": "IOB2", "sentences": 1, "tokens": 1, "entities": {"Drug": 1}, "longest_sentence": 1}, "test": {"sha256": "3333333333333333333333333333333333333333333333333333333333333333", "bytes": 16, "scheme": "IOB2", "sentences": 1, "tokens": 1, "entities": {"Drug": 1}, "longest_sentence": 1}}, "entity_types": ["Drug"], "test_in_train": 0, "test_in_train_long": 0, "synthetic": true, "source": "written for a test"}',
    '1111111111111111111111111111111111111111111111111111111111111111', '2222222222222222222222222222222222222222222222222222222222222222', '3333333333333333333333333333333333333333333333333333333333333333', true);

INSERT INTO backbones (id, name, spec) VALUES
    ('019a0000-0000-7000-8000-000000000003', 'tiny', '{"name": "tiny", "family": "bert", "source": "a test", "revision": null, "shape": {"hidden": 8, "layers": 1, "heads": 2, "intermediate": 16, "vocab": 30, "max_positions": 64, "parameters": 1000}, "random_weights": true, "sha256": "4444444444444444444444444444444444444444444444444444444444444444", "files": [{"name": "config.json", "sha256": "4444444444444444444444444444444444444444444444444444444444444444", "bytes": 2}]}');

INSERT INTO studies (id, name, dataset_id, backbone_id, passages_sha256, held_out_sha256, spec, state, trials, max_concurrent, retries,
    maximize, priority, hold, owner, walltime_s, created_at, ended_at) VALUES
    ('019a0000-0000-7000-8000-000000000010', 'searching', '019a0000-0000-7000-8000-000000000002', '019a0000-0000-7000-8000-000000000003', NULL, NULL,
    '{"name": "searching", "dataset": "corpus", "backbone": "tiny", "method": "random", "metric": {"name": "dev_f1", "goal": "maximize", "protocol": "strict"}, "parameters": [{"name": "learning_rate", "domain": {"kind": "float", "min": 1e-05, "max": 0.01, "log": true}}], "fixed": {"epochs": 2}, "pruner": {"name": "none"}, "transfer": "off", "trials": 6, "max_concurrent": 3, "priority": 5, "resources": {"walltime_s": 3600}, "retries": 1, "lost_retries": 7, "seed": 7, "study_retries": 4}',
    'searching', 6, 3, 1, true, 5, 'none', 'alice', 3600, now() - interval '90 minutes', NULL),
    ('019a0000-0000-7000-8000-000000000011', 'finished', '019a0000-0000-7000-8000-000000000002', '019a0000-0000-7000-8000-000000000003', NULL, NULL,
    '{"name": "finished", "dataset": "corpus", "backbone": "tiny", "method": "random", "metric": {"name": "dev_f1", "goal": "maximize", "protocol": "strict"}, "parameters": [{"name": "learning_rate", "domain": {"kind": "float", "min": 1e-05, "max": 0.01, "log": true}}], "fixed": {"epochs": 2}, "pruner": {"name": "none"}, "transfer": "off", "trials": 1, "max_concurrent": 1, "priority": 0, "resources": {}, "retries": 1, "seed": 7}',
    'completed', 1, 1, 1, true, 0, 'none', NULL, NULL, now() - interval '89 minutes', now()),
    ('019a0000-0000-7000-8000-000000000012', 'adapting', NULL, '019a0000-0000-7000-8000-000000000003', '5555555555555555555555555555555555555555555555555555555555555555', '6666666666666666666666666666666666666666666666666666666666666666',
    '{"name": "adapting", "backbone": "tiny", "passages": {"name": "passages.txt", "sha256": "5555555555555555555555555555555555555555555555555555555555555555", "bytes": 20}, "held_out": {"name": "held-out.txt", "sha256": "6666666666666666666666666666666666666666666666666666666666666666", "bytes": 20}, "params": {"steps": 3}, "seed": 5, "retries": 2, "lost_retries": 20, "priority": 0, "resources": {}}',
    'finishing', 1, 1, 2, false, 0, 'none', 'alice', NULL, now() - interval '88 minutes', NULL),
    ('019a0000-0000-7000-8000-000000000013', 'adapted', NULL, '019a0000-0000-7000-8000-000000000003', '5555555555555555555555555555555555555555555555555555555555555555', '6666666666666666666666666666666666666666666666666666666666666666',
    '{"name": "adapted", "backbone": "tiny", "passages": {"name": "passages.txt", "sha256": "5555555555555555555555555555555555555555555555555555555555555555", "bytes": 20}, "held_out": {"name": "held-out.txt", "sha256": "6666666666666666666666666666666666666666666666666666666666666666", "bytes": 20}, "params": {"steps": 3}, "seed": 5, "retries": 0, "lost_retries": 20, "priority": 0, "resources": {}}',
    'completed', 1, 1, 0, false, -3, 'none', NULL, NULL, now() - interval '87 minutes', now());

INSERT INTO studies (id, name, dataset_id, backbone_id, passages_sha256, held_out_sha256, spec, state, trials, max_concurrent, retries,
    maximize, priority, hold, owner, walltime_s, created_at, ended_at, failure) VALUES
    ('019a0000-0000-7000-8000-000000000014', 'held', '019a0000-0000-7000-8000-000000000002', '019a0000-0000-7000-8000-000000000003', NULL, NULL,
    '{"name": "held", "dataset": "corpus", "backbone": "tiny", "method": "random", "metric": {"name": "dev_f1", "goal": "maximize", "protocol": "strict"}, "parameters": [{"name": "learning_rate", "domain": {"kind": "float", "min": 1e-05, "max": 0.01, "log": true}}], "fixed": {"epochs": 2}, "pruner": {"name": "none"}, "transfer": "off", "trials": 2, "max_concurrent": 1, "priority": 0, "resources": {}, "retries": 1, "lost_retries": 4294967295, "study_retries": 4294967295, "seed": 7}',
    'searching', 2, 1, 1, true, 0, 'now', NULL, NULL, now() - interval '86 minutes', NULL, NULL),
    ('019a0000-0000-7000-8000-000000000015', 'broken', '019a0000-0000-7000-8000-000000000002', '019a0000-0000-7000-8000-000000000003', NULL, NULL,
    '{"name": "broken", "dataset": "corpus", "backbone": "tiny", "method": "random", "metric": {"name": "dev_f1", "goal": "maximize", "protocol": "strict"}, "parameters": [{"name": "learning_rate", "domain": {"kind": "float", "min": 1e-05, "max": 0.01, "log": true}}], "fixed": {"epochs": 2}, "pruner": {"name": "none"}, "transfer": "off", "trials": 2, "max_concurrent": 1, "priority": 0, "resources": {}, "retries": 1, "seed": 7}',
    'failed', 2, 1, 1, true, 0, 'none', NULL, NULL, now() - interval '85 minutes', now(), 'every trial failed'),
    ('019a0000-0000-7000-8000-000000000016', 'unwanted', NULL, '019a0000-0000-7000-8000-000000000003', '5555555555555555555555555555555555555555555555555555555555555555', '6666666666666666666666666666666666666666666666666666666666666666',
    '{"name": "unwanted", "backbone": "tiny", "passages": {"name": "passages.txt", "sha256": "5555555555555555555555555555555555555555555555555555555555555555", "bytes": 20}, "held_out": {"name": "held-out.txt", "sha256": "6666666666666666666666666666666666666666666666666666666666666666", "bytes": 20}, "params": {"steps": 3}, "seed": 5, "retries": 2, "lost_retries": 20, "priority": 0, "resources": {}}',
    'cancelled', 1, 1, 2, false, 0, 'none', NULL, NULL, now() - interval '84 minutes', now(), NULL),
    ('019a0000-0000-7000-8000-000000000017', 'unable', NULL, '019a0000-0000-7000-8000-000000000003', '5555555555555555555555555555555555555555555555555555555555555555', '6666666666666666666666666666666666666666666666666666666666666666',
    '{"name": "unable", "backbone": "tiny", "passages": {"name": "passages.txt", "sha256": "5555555555555555555555555555555555555555555555555555555555555555", "bytes": 20}, "held_out": {"name": "held-out.txt", "sha256": "6666666666666666666666666666666666666666666666666666666666666666", "bytes": 20}, "params": {"steps": 3}, "seed": 5, "retries": 2, "lost_retries": 20, "priority": 0, "resources": {}}',
    'failed', 1, 1, 2, false, 0, 'none', NULL, NULL, now() - interval '83 minutes', now(), 'the run failed');

INSERT INTO runs (id, study_id, kind, number, state, attempt, params, seed, suggestion, value, best_so_far, epochs, failure_cause,
    failure_message, summary, started_at, ended_at) VALUES
    ('019a0000-0000-7000-8000-000000000021', '019a0000-0000-7000-8000-000000000010', 'trial', 1, 'completed', 1, '{"learning_rate": 0.001}', 21, '{"sampler": "random", "version": 2, "seed": 7, "number": 1, "trials": 6, "finished": [], "pending": [], "skipped": [], "startup": false}',
    0.5, 0.5, 1, NULL, NULL, '{"best_epoch": 1, "epochs": 1, "stopped_early": false, "objective": 0.5, "dev": {"strict": {"precision": 0.5, "recall": 0.5, "f1": 0.5, "true_positives": 1, "false_positives": 1, "false_negatives": 1}, "conlleval": {"precision": 0.5, "recall": 0.5, "f1": 0.5, "true_positives": 1, "false_positives": 1, "false_negatives": 1}}, "test": null, "trainable_parameters": 10, "seconds": 2.0, "peak_memory_bytes": 1}',
    now(), now()),
    ('019a0000-0000-7000-8000-000000000022', '019a0000-0000-7000-8000-000000000010', 'trial', 2, 'failed', 1, '{"learning_rate": 0.002}', 22, '{"sampler": "random", "version": 2, "seed": 7, "number": 2, "trials": 6, "finished": [1], "pending": [], "skipped": [], "startup": false}',
    NULL, NULL, 1, 'oom', 'it was oom', NULL,
    now(), now()),
    ('019a0000-0000-7000-8000-000000000023', '019a0000-0000-7000-8000-000000000010', 'trial', 3, 'pruned', 1, '{"learning_rate": 0.003}', 23, '{"sampler": "random", "version": 2, "seed": 7, "number": 3, "trials": 6, "finished": [[1, 2]], "pending": [], "skipped": [], "startup": false}',
    NULL, NULL, 1, NULL, NULL, NULL,
    now(), now()),
    ('019a0000-0000-7000-8000-000000000024', '019a0000-0000-7000-8000-000000000010', 'trial', 4, 'running', 2, '{"learning_rate": 0.004}', 24, '{"sampler": "random", "version": 2, "seed": 7, "number": 4, "trials": 6, "finished": [[1, 3]], "pending": [], "skipped": [], "startup": false}',
    NULL, NULL, 1, NULL, NULL, NULL,
    now(), NULL),
    ('019a0000-0000-7000-8000-000000000025', '019a0000-0000-7000-8000-000000000010', 'trial', 5, 'waiting', 0, '{"learning_rate": 0.005}', 25, '{"sampler": "random", "version": 2, "seed": 7, "number": 5, "trials": 6, "finished": [[1, 3]], "pending": [], "skipped": [], "startup": false}',
    NULL, NULL, 0, NULL, NULL, NULL,
    NULL, NULL),
    ('019a0000-0000-7000-8000-000000000031', '019a0000-0000-7000-8000-000000000011', 'trial', 1, 'completed', 1, '{"learning_rate": 0.001}', 31, '{"sampler": "random", "version": 2, "seed": 7, "number": 1, "trials": 6, "finished": [], "pending": [], "skipped": [], "startup": false}',
    0.5, 0.5, 1, NULL, NULL, '{"best_epoch": 1, "epochs": 1, "stopped_early": false, "objective": 0.5, "dev": {"strict": {"precision": 0.5, "recall": 0.5, "f1": 0.5, "true_positives": 1, "false_positives": 1, "false_negatives": 1}, "conlleval": {"precision": 0.5, "recall": 0.5, "f1": 0.5, "true_positives": 1, "false_positives": 1, "false_negatives": 1}}, "test": null, "trainable_parameters": 10, "seconds": 2.0, "peak_memory_bytes": 1}',
    now(), now()),
    ('019a0000-0000-7000-8000-000000000032', '019a0000-0000-7000-8000-000000000011', 'final', NULL, 'completed', 1, '{"learning_rate": 0.003}', 32, NULL,
    0.5, 0.5, 1, NULL, NULL, '{"best_epoch": 1, "epochs": 1, "stopped_early": false, "objective": 0.5, "dev": {"strict": {"precision": 0.5, "recall": 0.5, "f1": 0.5, "true_positives": 1, "false_positives": 1, "false_negatives": 1}, "conlleval": {"precision": 0.5, "recall": 0.5, "f1": 0.5, "true_positives": 1, "false_positives": 1, "false_negatives": 1}}, "test": {"overall": {"strict": {"precision": 0.5, "recall": 0.5, "f1": 0.5, "true_positives": 1, "false_positives": 1, "false_negatives": 1}, "conlleval": {"precision": 0.5, "recall": 0.5, "f1": 0.5, "true_positives": 1, "false_positives": 1, "false_negatives": 1}}, "per_type": {"Drug": {"strict": {"precision": 0.5, "recall": 0.5, "f1": 0.5, "true_positives": 1, "false_positives": 1, "false_negatives": 1}, "conlleval": {"precision": 0.5, "recall": 0.5, "f1": 0.5, "true_positives": 1, "false_positives": 1, "false_negatives": 1}}}, "sentences": 1, "windowed_sentences": 0, "orphan_tags": 0}, "trainable_parameters": 10, "seconds": 2.0, "peak_memory_bytes": 1}',
    now(), now()),
    ('019a0000-0000-7000-8000-000000000041', '019a0000-0000-7000-8000-000000000012', 'dapt', NULL, 'waiting', 0, '{"steps": 3}', 41, NULL,
    NULL, NULL, 0, NULL, NULL, NULL,
    NULL, NULL),
    ('019a0000-0000-7000-8000-000000000051', '019a0000-0000-7000-8000-000000000013', 'dapt', NULL, 'completed', 1, '{"steps": 3}', 51, NULL,
    12.0, 12.0, 1, NULL, NULL, '{"before": {"pseudo_perplexity": 20.0, "bits_per_character": 2.0, "masked_accuracy": 0.1, "masked": 9}, "after": {"pseudo_perplexity": 12.0, "bits_per_character": 2.0, "masked_accuracy": 0.1, "masked": 9}, "steps": 3, "head_steps": 0, "trainable_parameters": 10, "seconds": 2.0, "peak_memory_bytes": 1}',
    now(), now()),
    ('019a0000-0000-7000-8000-000000000061', '019a0000-0000-7000-8000-000000000014', 'trial', 1, 'waiting', 0, '{"learning_rate": 0.001}', 61, '{"sampler": "random", "version": 2, "seed": 7, "number": 1, "trials": 2, "finished": [], "pending": [], "skipped": [], "startup": false}',
    NULL, NULL, 0, NULL, NULL, NULL,
    NULL, NULL),
    ('019a0000-0000-7000-8000-000000000062', '019a0000-0000-7000-8000-000000000014', 'trial', 2, 'waiting', 0, '{"learning_rate": 0.001}', 62, '{"sampler": "random", "version": 2, "seed": 7, "number": 2, "trials": 2, "finished": [], "pending": [], "skipped": [], "startup": false}',
    NULL, NULL, 0, NULL, NULL, NULL,
    NULL, NULL),
    ('019a0000-0000-7000-8000-000000000071', '019a0000-0000-7000-8000-000000000015', 'trial', 1, 'failed', 0, '{"learning_rate": 0.001}', 71, '{"sampler": "random", "version": 2, "seed": 7, "number": 1, "trials": 2, "finished": [], "pending": [], "skipped": [], "startup": false}',
    NULL, NULL, 0, 'invalid_input', 'no such parameter', NULL,
    NULL, now()),
    ('019a0000-0000-7000-8000-000000000081', '019a0000-0000-7000-8000-000000000016', 'dapt', NULL, 'cancelled', 0, '{}', 81, NULL,
    NULL, NULL, 0, NULL, NULL, NULL,
    NULL, now()),
    ('019a0000-0000-7000-8000-000000000091', '019a0000-0000-7000-8000-000000000017', 'dapt', NULL, 'failed', 0, '{}', 91, NULL,
    NULL, NULL, 0, 'invalid_input', 'no text', NULL,
    NULL, now());

INSERT INTO workers (id, name, pid, version) VALUES ('019a0000-0000-7000-8000-000000000004', 'gpu-7', 4242, '0.1.0');
INSERT INTO devices (worker_id, uuid, position, kind, name) VALUES ('019a0000-0000-7000-8000-000000000004', 'CPU-old-0', 0, 'cpu', 'CPU slot 0');
INSERT INTO attempts (run_id, attempt, worker_id, device_uuid, state, failure_cause, failure_message, started_at, ended_at,
    lease_expires_at) VALUES
    ('019a0000-0000-7000-8000-000000000021', 1, '019a0000-0000-7000-8000-000000000004', 'CPU-old-0', 'completed', NULL, NULL, now(),
    now(), NULL),
    ('019a0000-0000-7000-8000-000000000022', 1, '019a0000-0000-7000-8000-000000000004', 'CPU-old-0', 'failed', 'oom', 'it was oom', now(),
    now(), NULL),
    ('019a0000-0000-7000-8000-000000000023', 1, '019a0000-0000-7000-8000-000000000004', 'CPU-old-0', 'pruned', NULL, NULL, now(),
    now(), NULL),
    ('019a0000-0000-7000-8000-000000000024', 1, '019a0000-0000-7000-8000-000000000004', 'CPU-old-0', 'lost', 'lost', 'it was lost', now(),
    now(), NULL),
    ('019a0000-0000-7000-8000-000000000024', 2, '019a0000-0000-7000-8000-000000000004', 'CPU-old-0', 'running', NULL, NULL, now(),
    NULL, now() + interval '1 hour'),
    ('019a0000-0000-7000-8000-000000000031', 1, '019a0000-0000-7000-8000-000000000004', 'CPU-old-0', 'completed', NULL, NULL, now(),
    now(), NULL),
    ('019a0000-0000-7000-8000-000000000032', 1, '019a0000-0000-7000-8000-000000000004', 'CPU-old-0', 'completed', NULL, NULL, now(),
    now(), NULL),
    ('019a0000-0000-7000-8000-000000000051', 1, '019a0000-0000-7000-8000-000000000004', 'CPU-old-0', 'completed', NULL, NULL, now(),
    now(), NULL);

INSERT INTO reports (run_id, attempt, epoch, metrics) VALUES
    ('019a0000-0000-7000-8000-000000000021', 1, 1, '{"epoch": 1, "step": 10, "train_loss": 0.5, "dev_loss": 0.6, "dev": {"strict": {"precision": 0.5, "recall": 0.5, "f1": 0.5, "true_positives": 1, "false_positives": 1, "false_negatives": 1}, "conlleval": {"precision": 0.5, "recall": 0.5, "f1": 0.5, "true_positives": 1, "false_positives": 1, "false_negatives": 1}}, "learning_rate": 0.001, "gradient_norm": 1.0, "seconds": 2.0, "train_seconds": 1.5, "sentences_per_second": 10.0, "tokens_per_second": 100.0, "padded_tokens_per_second": 120.0, "peak_memory_bytes": 1}'),
    ('019a0000-0000-7000-8000-000000000022', 1, 1, '{"epoch": 1, "step": 10, "train_loss": 0.5, "dev_loss": 0.6, "dev": {"strict": {"precision": 0.5, "recall": 0.5, "f1": 0.5, "true_positives": 1, "false_positives": 1, "false_negatives": 1}, "conlleval": {"precision": 0.5, "recall": 0.5, "f1": 0.5, "true_positives": 1, "false_positives": 1, "false_negatives": 1}}, "learning_rate": 0.001, "gradient_norm": 1.0, "seconds": 2.0, "train_seconds": 1.5, "sentences_per_second": 10.0, "tokens_per_second": 100.0, "padded_tokens_per_second": 120.0, "peak_memory_bytes": 1}'),
    ('019a0000-0000-7000-8000-000000000023', 1, 1, '{"epoch": 1, "step": 10, "train_loss": 0.5, "dev_loss": 0.6, "dev": {"strict": {"precision": 0.5, "recall": 0.5, "f1": 0.5, "true_positives": 1, "false_positives": 1, "false_negatives": 1}, "conlleval": {"precision": 0.5, "recall": 0.5, "f1": 0.5, "true_positives": 1, "false_positives": 1, "false_negatives": 1}}, "learning_rate": 0.001, "gradient_norm": 1.0, "seconds": 2.0, "train_seconds": 1.5, "sentences_per_second": 10.0, "tokens_per_second": 100.0, "padded_tokens_per_second": 120.0, "peak_memory_bytes": 1}'),
    ('019a0000-0000-7000-8000-000000000024', 2, 1, '{"epoch": 1, "step": 10, "train_loss": 0.5, "dev_loss": 0.6, "dev": {"strict": {"precision": 0.5, "recall": 0.5, "f1": 0.5, "true_positives": 1, "false_positives": 1, "false_negatives": 1}, "conlleval": {"precision": 0.5, "recall": 0.5, "f1": 0.5, "true_positives": 1, "false_positives": 1, "false_negatives": 1}}, "learning_rate": 0.001, "gradient_norm": 1.0, "seconds": 2.0, "train_seconds": 1.5, "sentences_per_second": 10.0, "tokens_per_second": 100.0, "padded_tokens_per_second": 120.0, "peak_memory_bytes": 1}'),
    ('019a0000-0000-7000-8000-000000000031', 1, 1, '{"epoch": 1, "step": 10, "train_loss": 0.5, "dev_loss": 0.6, "dev": {"strict": {"precision": 0.5, "recall": 0.5, "f1": 0.5, "true_positives": 1, "false_positives": 1, "false_negatives": 1}, "conlleval": {"precision": 0.5, "recall": 0.5, "f1": 0.5, "true_positives": 1, "false_positives": 1, "false_negatives": 1}}, "learning_rate": 0.001, "gradient_norm": 1.0, "seconds": 2.0, "train_seconds": 1.5, "sentences_per_second": 10.0, "tokens_per_second": 100.0, "padded_tokens_per_second": 120.0, "peak_memory_bytes": 1}'),
    ('019a0000-0000-7000-8000-000000000032', 1, 1, '{"epoch": 1, "step": 10, "train_loss": 0.5, "dev_loss": 0.6, "dev": {"strict": {"precision": 0.5, "recall": 0.5, "f1": 0.5, "true_positives": 1, "false_positives": 1, "false_negatives": 1}, "conlleval": {"precision": 0.5, "recall": 0.5, "f1": 0.5, "true_positives": 1, "false_positives": 1, "false_negatives": 1}}, "learning_rate": 0.001, "gradient_norm": 1.0, "seconds": 2.0, "train_seconds": 1.5, "sentences_per_second": 10.0, "tokens_per_second": 100.0, "padded_tokens_per_second": 120.0, "peak_memory_bytes": 1}'),
    ('019a0000-0000-7000-8000-000000000051', 1, 1, '{"epoch": 1, "step": 3, "train_loss": 2.5, "held_out": {"pseudo_perplexity": 12.0, "bits_per_character": 2.0, "masked_accuracy": 0.1, "masked": 9}, "seconds": 1.0, "tokens_per_second": 10.0, "peak_memory_bytes": 1}');

INSERT INTO attempt_artifacts (run_id, attempt, name, sha256) VALUES
    ('019a0000-0000-7000-8000-000000000032', 1, 'adapter/adapter_config.json', '7777777777777777777777777777777777777777777777777777777777777777'),
    ('019a0000-0000-7000-8000-000000000051', 1, 'adapter/adapter_config.json', '8888888888888888888888888888888888888888888888888888888888888888'),
    ('019a0000-0000-7000-8000-000000000051', 1, 'adapter/adapter_model.safetensors', '9999999999999999999999999999999999999999999999999999999999999999');

INSERT INTO log_slices (run_id, attempt, start_byte, content) VALUES ('019a0000-0000-7000-8000-000000000024', 2, 0, 'epoch 1');
INSERT INTO enqueued (study_id, key, params) VALUES ('019a0000-0000-7000-8000-000000000010', 'mine', '{"learning_rate": 0.002}');
INSERT INTO seals (study_id, run_id, attempt, test_sha256, scores, sealed_at) VALUES
    ('019a0000-0000-7000-8000-000000000011', '019a0000-0000-7000-8000-000000000032', 1, '3333333333333333333333333333333333333333333333333333333333333333', '{"overall": {"strict": {"precision": 0.5, "recall": 0.5, "f1": 0.5, "true_positives": 1, "false_positives": 1, "false_negatives": 1}, "conlleval": {"precision": 0.5, "recall": 0.5, "f1": 0.5, "true_positives": 1, "false_positives": 1, "false_negatives": 1}}, "per_type": {"Drug": {"strict": {"precision": 0.5, "recall": 0.5, "f1": 0.5, "true_positives": 1, "false_positives": 1, "false_negatives": 1}, "conlleval": {"precision": 0.5, "recall": 0.5, "f1": 0.5, "true_positives": 1, "false_positives": 1, "false_negatives": 1}}}, "sentences": 1, "windowed_sentences": 0, "orphan_tags": 0}', now());
