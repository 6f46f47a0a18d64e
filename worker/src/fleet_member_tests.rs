//! A whole worker with real processes as trainers, against a scripted coordinator on a real socket.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pedigree_protocol::artifact::{ArtifactFile, Sha256};
use pedigree_protocol::lease::{LeaseGrant, TrainedModel, Work};
use pedigree_protocol::objective::ScoringProtocol;
use pedigree_protocol::run::RunKind;
use pedigree_protocol::{ParamValues, RunId, Scalar};
use pedigree_trainer_core::{
    EntityScore, EpochMetrics, ModelScores, ProtocolScores, TestScores, TestSummary, TrainSummary,
    TrainerEvent,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use super::*;
use crate::artifacts::hash_of;
use crate::scripted_coordinator::{Answer, Asked, ScriptedCoordinator, grant, ok, refusal};

/// More than any of these takes; reached only when a test fails.
const PATIENCE: Duration = Duration::from_secs(30);
const SPLIT: &[u8] = b"aspirin\tB-Chemical\n";
/// Sets `out` to the job's folder of results.
const READ_JOB: &str = r#"out=$(sed -n 's/.*"out": "\(.*\)",/\1/p' "$3"); mkdir -p "$out/adapter"; "#;

const SCORE: EntityScore = EntityScore {
    precision: 0.5,
    recall: 0.5,
    f1: 0.5,
    true_positives: 1,
    false_positives: 1,
    false_negatives: 1,
};
const SCORES: ProtocolScores = ProtocolScores { strict: SCORE, conlleval: SCORE, subtoken_all: SCORE };

fn epoch(epoch: usize) -> TrainerEvent {
    TrainerEvent::Epoch(EpochMetrics {
        epoch,
        step: 10 * epoch,
        train_loss: 1.0,
        dev_loss: 1.0,
        dev: SCORES,
        learning_rate: 1e-3,
        gradient_norm: 1.0,
        seconds: 1.0,
        train_seconds: 1.0,
        sentences_per_second: 1.0,
        tokens_per_second: 1.0,
        padded_tokens_per_second: 1.0,
        peak_memory_bytes: 1,
        carried: false,
    })
}

fn finished() -> TrainerEvent {
    TrainerEvent::Finished(TrainSummary {
        best_epoch: 2,
        epochs: 2,
        stopped_early: false,
        objective: 0.5,
        dev: SCORES,
        dev_loss: Some(1.0),
        test: None,
        trainable_parameters: 7,
        seconds: 1.0,
        peak_memory_bytes: 1,
    })
}

/// The shell command by which a script says an event.
fn say(event: &TrainerEvent) -> String {
    format!("echo '{}'; ", serde_json::to_string(event).unwrap())
}

fn write_results() -> String {
    "for f in adapter/adapter_config.json predictions.jsonl summary.json; do echo \"$f\" > \"$out/$f\"; done; ".into()
}

/// A coordinator that grants one piece of work and accepts everything.
fn accepting(grant: LeaseGrant) -> impl Fn(&Asked) -> Option<Answer> + Send + Sync {
    let is_granted = AtomicBool::new(false);
    move |asked| match (&*asked.method, &*asked.path) {
        ("POST", "/api/v1/workers") => ok(json!({"lease_ttl_ms": 3000})),
        ("POST", "/api/v1/leases") if is_granted.swap(true, Ordering::SeqCst) => ok(Value::Null),
        ("POST", "/api/v1/leases") => ok(&grant),
        ("HEAD", _) => Some((404, Vec::new())),
        ("GET", _) => Some((200, SPLIT.to_vec())),
        ("POST", path) if path.ends_with("/test-split") => Some((200, SPLIT.to_vec())),
        ("PUT", path) if !path.ends_with("/checkpoint") => Some((200, Vec::new())),
        _ => ok(json!({"outcome": "won", "directive": "continue", "ttl_ms": 3000})),
    }
}

fn work(kind: RunKind) -> LeaseGrant {
    let mut grant = grant(3000);
    let (job, split) = (grant.work.job().clone(), hash_of(SPLIT));
    grant.kind = kind;
    grant.work = match kind {
        RunKind::Trial | RunKind::Final => {
            Work::Train { job, protocol: ScoringProtocol::Strict, train: split.clone(), dev: split }
        }
        RunKind::Dapt => Work::Adapt { job, passages: split.clone(), held_out: split },
        RunKind::Test => Work::Test { job, train: split.clone(), models: vec![model(split)] },
    };
    grant
}

/// A model whose adapter has one file.
fn model(content: Sha256) -> TrainedModel {
    let bytes = i64::try_from(SPLIT.len()).unwrap();
    let file = ArtifactFile { name: "adapter_config.json".into(), sha256: content, bytes };
    TrainedModel { run_id: RunId::new(), seed: 7, adapter: vec![file] }
}

fn params(grant: &mut LeaseGrant) -> &mut ParamValues {
    match &mut grant.work {
        Work::Train { job, .. } | Work::Adapt { job, .. } | Work::Test { job, .. } => &mut job.params,
    }
}

struct Running {
    coordinator: ScriptedCoordinator,
    worker: AbortOnDropHandle<Result<(), WorkerError>>,
    stop: oneshot::Sender<()>,
    folder: TempDir,
}

fn config(server: &str, folder: &TempDir, script: &str) -> Config {
    let path = folder.path().join("trainer.sh");
    std::fs::write(&path, script).unwrap();
    Config {
        server: server.to_owned(),
        token: None,
        name: Some("test".into()),
        cpu_slots: 1,
        trains_on_gpus: true,
        allotment: crate::gpu::Allotment::default(),
        nvml_library: None,
        folder: folder.path().join("worker"),
        trainer: vec!["sh".into(), path.into()],
        walltime: None,
        threads: None,
    }
}

async fn start(script: &str, answers: impl Fn(&Asked) -> Option<Answer> + Send + Sync + 'static) -> Running {
    start_in(tempfile::tempdir().unwrap(), script, answers).await
}

/// A worker in the folder of an earlier one.
async fn start_in(
    folder: TempDir,
    script: &str,
    answers: impl Fn(&Asked) -> Option<Answer> + Send + Sync + 'static,
) -> Running {
    let coordinator = ScriptedCoordinator::start(answers).await;
    let config = config(coordinator.server(), &folder, script);
    Running::begin(coordinator, folder, config)
}

/// A coordinator that never has work.
fn without_work() -> impl Fn(&Asked) -> Option<Answer> + Send + Sync {
    let accept = accepting(work(RunKind::Trial));
    move |asked| match &*asked.path {
        "/api/v1/leases" => ok(Value::Null),
        _ => accept(asked),
    }
}

/// The writes about the attempt, without renewals.
fn writes(seen: &[Asked]) -> Vec<Value> {
    let about_attempt = seen.iter().filter(|asked| asked.path.ends_with("/attempts/1"));
    about_attempt.map(Asked::json).filter(|write| write["kind"] != "renew").collect()
}

fn kinds(writes: &[Value]) -> Vec<&str> {
    writes.iter().map(|write| write["kind"].as_str().unwrap()).collect()
}

impl Running {
    fn begin(coordinator: ScriptedCoordinator, folder: TempDir, config: Config) -> Self {
        let (stop, stopped) = oneshot::channel::<()>();
        let worker = AbortOnDropHandle::new(tokio::spawn(run(config, async move {
            let _stop = stopped.await;
        })));
        Self { coordinator, worker, stop, folder }
    }

    async fn until_write(&self, kind: &str) -> Vec<Value> {
        self.coordinator.until(|seen| kinds(&writes(seen)).contains(&kind)).await;
        writes(&self.coordinator.seen())
    }

    /// The attempt's end, as it was told.
    async fn end(&self) -> Value {
        self.until_write("end").await.into_iter().find(|write| write["kind"] == "end").unwrap()
    }

    /// Waits until an attempt's end is on disk.
    async fn until_end_is_kept(&self) {
        let attempts = self.folder.path().join("worker/attempts");
        let is_kept = || {
            std::fs::read_dir(&attempts).unwrap().any(|entry| entry.unwrap().path().join("end.json").exists())
        };
        let kept = async {
            while !is_kept() {
                tokio::task::yield_now().await;
            }
        };
        timeout(PATIENCE, kept).await.expect("it trains on to its end");
    }

    /// Kills the worker; its folder, once that is free.
    async fn kill(self) -> TempDir {
        let Self { worker, folder, .. } = self;
        drop(worker);
        let freed = async {
            while WorkerFolder::open(&folder.path().join("worker")).is_err() {
                tokio::task::yield_now().await;
            }
        };
        timeout(PATIENCE, freed).await.expect("its folder is free");
        folder
    }

    async fn drain(self) {
        self.stop.send(()).unwrap();
        timeout(PATIENCE, self.worker).await.expect("drained").unwrap().unwrap();
        assert_eq!(std::fs::read_dir(self.folder.path().join("worker/attempts")).unwrap().count(), 0);
    }
}

#[tokio::test]
async fn a_final_run_goes_from_its_grant_to_its_results() {
    let script = format!(
        "{READ_JOB} {}{}echo working >&2; {}{}",
        say(&epoch(1)),
        say(&epoch(2)),
        write_results(),
        say(&finished()),
    );
    let running = start(&script, accepting(work(RunKind::Final))).await;
    let end = running.end().await;
    assert_eq!(end["end"]["result"], "completed", "{end:#}");
    assert_eq!(end["end"]["summary"]["trainable_parameters"], 7);
    let names: Vec<_> = end["artifacts"].as_array().unwrap().iter().map(|file| &file["name"]).collect();
    assert_eq!(names, ["adapter/adapter_config.json", "predictions.jsonl", "summary.json", "log.txt"]);

    let writes = writes(&running.coordinator.seen());
    let told: Vec<_> = kinds(&writes).into_iter().filter(|kind| *kind != "log").collect();
    assert_eq!(told, ["start", "report", "report", "end"]);
    let epochs: Vec<_> = writes.iter().filter_map(|write| write["metrics"]["epoch"].as_i64()).collect();
    assert_eq!(epochs, [1, 2]);
    let log: String = writes.iter().filter_map(|write| write["text"].as_str()).collect();
    assert!(log.starts_with("working\n"), "{log:?}");
    running.drain().await;
}

#[tokio::test]
async fn a_test_run_gets_its_adapters_opens_the_split_and_hands_over_every_models_predictions() {
    let grant = work(RunKind::Test);
    let Work::Test { models, .. } = &grant.work else { panic!("{grant:?}") };
    let run = models[0].run_id.to_string();
    let scores = ModelScores {
        name: run.clone(),
        scores: TestScores {
            overall: SCORES,
            per_type: BTreeMap::new(),
            sentences: 1,
            windowed_sentences: 0,
            orphan_tags: 0,
        },
    };
    let summary = TestSummary { models: vec![scores], seconds: 1.0, peak_memory_bytes: 1 };
    let script = format!(
        "{READ_JOB} adapter=$(sed -n 's/.*\"adapter\": \"\\(.*\\)\".*/\\1/p' \"$3\"); \
         echo \"adapter $(ls $adapter)\" >&2; {}read test; echo \"$test\" >&2; \
         mkdir -p $out/{run}; for f in {run}/predictions.jsonl {run}/errors.json summary.json; do echo x > \"$out/$f\"; done; {}",
        say(&TrainerEvent::TestWanted),
        say(&TrainerEvent::Tested(summary)),
    );
    let running = start(&script, accepting(grant)).await;
    let end = running.end().await;
    assert_eq!(end["end"]["result"], "tested", "{end:#}");
    assert_eq!(end["end"]["summary"]["results"][0]["run_id"], *run);
    let names: Vec<_> =
        end["artifacts"].as_array().unwrap().iter().map(|file| file["name"].as_str().unwrap()).collect();
    let of_model = |name: &str| format!("{run}/{name}");
    assert_eq!(names, [&of_model("errors.json"), &of_model("predictions.jsonl"), "summary.json", "log.txt"]);
    let log: String =
        writes(&running.coordinator.seen()).iter().filter_map(|write| write["text"].as_str()).collect();
    assert!(log.contains("adapter adapter_config.json") && log.contains("test.conll"), "{log:?}");
    running.drain().await;
}

#[tokio::test]
async fn a_draining_worker_hands_its_attempt_back() {
    let running = start("while :; do sleep 0.01; done", accepting(work(RunKind::Trial))).await;
    running.until_write("start").await;
    let Running { coordinator, worker, stop, folder: _folder } = running;
    stop.send(()).unwrap();
    timeout(PATIENCE, worker).await.expect("drained").unwrap().unwrap();
    let last = writes(&coordinator.seen()).pop().unwrap();
    assert_eq!((&last["kind"], &last["end"]["result"]), (&json!("end"), &json!("released")), "{last:#}");
}

#[tokio::test]
async fn a_cancelled_run_ends_its_trainer() {
    let accept = accepting(work(RunKind::Trial));
    let running = start("while :; do sleep 0.01; done", move |asked| {
        if asked.path.ends_with("/attempts/1") {
            return ok(json!({"outcome": "won", "directive": "stop", "ttl_ms": 3000}));
        }
        accept(asked)
    })
    .await;
    assert_eq!(running.end().await["end"]["result"], "cancelled");
    running.drain().await;
}

#[tokio::test]
async fn parameters_that_are_not_the_trainers_fail_without_one() {
    let mut grant = work(RunKind::Trial);
    params(&mut grant).insert("lora_rank".into(), Scalar::Int(8));
    let running = start("exit 1", accepting(grant)).await;
    let end = running.end().await;
    assert_eq!(end["end"]["failure"]["cause"], "invalid_job", "{end:#}");
    assert!(end["end"]["failure"]["message"].as_str().unwrap().contains("lora_rank"), "{end:#}");
    running.drain().await;
}

#[tokio::test]
async fn a_failed_trainer_is_told_with_its_log() {
    let running = start("echo panicked >&2; exit 101", accepting(work(RunKind::Trial))).await;
    let end = running.end().await;
    assert_eq!(end["end"]["failure"]["cause"], "crashed", "{end:#}");
    assert!(end["end"]["failure"]["message"].as_str().unwrap().contains("panicked"), "{end:#}");
    assert_eq!(end["artifacts"][0]["name"], "log.txt", "{end:#}");
    running.drain().await;
}

/// Complaint 26 (katib 849, 1045, 1795, 2614): a trial whose collector never reports, or never exits, runs for ever.
#[tokio::test]
async fn complaint_26_a_trainer_that_ends_without_a_word_has_failed_though_a_child_of_it_lives() {
    let running = start("sleep 600 & exit 0", accepting(work(RunKind::Trial))).await;
    let end = running.end().await;
    assert_eq!(end["end"]["result"], "failed", "{end:#}");
    let message = end["end"]["failure"]["message"].as_str().unwrap();
    assert!(message.starts_with("the trainer ended without a result"), "{message}");
    running.drain().await;
}

#[tokio::test]
async fn a_lost_lease_kills_the_trainer_and_tells_nothing() {
    let (send, pid) = std::sync::mpsc::channel();
    let accept = accepting(work(RunKind::Trial));
    let send = std::sync::Mutex::new(send);
    let script = "echo $$ >&2; trap '' TERM; while :; do sleep 0.01; done";
    let running = start(script, move |asked| {
        let is_log = asked.path.ends_with("/attempts/1") && asked.json()["kind"] == "log";
        if is_log {
            let text = asked.json()["text"].as_str().unwrap().trim().to_owned();
            send.lock().unwrap().send(text).unwrap();
            return ok(json!({"outcome": "lost", "directive": "stop", "ttl_ms": 0}));
        }
        accept(asked)
    })
    .await;
    running.until_write("log").await;
    let pid = pid.recv().unwrap();
    // It claims again only once the attempt is over.
    let claims = |seen: &[Asked]| seen.iter().filter(|asked| asked.path == "/api/v1/leases").count();
    running.coordinator.until(|seen| claims(seen) >= 2).await;
    assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists(), "the trainer is dead and reaped");
    assert!(!kinds(&writes(&running.coordinator.seen())).contains(&"end"));
    running.drain().await;
}

/// Answers reports with a directive and accepts everything else.
fn directing(grant: LeaseGrant, directive: &'static str) -> impl Fn(&Asked) -> Option<Answer> + Send + Sync {
    let accept = accepting(grant);
    move |asked| {
        let reports = asked.path.ends_with("/attempts/1") && asked.json()["kind"] == "report";
        match reports {
            true => ok(json!({"outcome": "won", "directive": directive, "ttl_ms": 3000})),
            false => accept(asked),
        }
    }
}

#[tokio::test]
async fn a_run_that_is_wanted_back_is_released() {
    let script = say(&epoch(1)) + "sleep 60";
    let running = start(&script, directing(work(RunKind::Trial), "release")).await;
    let end = running.end().await;
    assert_eq!(end["end"]["result"], "released", "{end:#}");
    running.drain().await;
}

#[tokio::test]
async fn an_attempt_that_takes_longer_than_its_walltime_is_timed_out() {
    let grant = LeaseGrant { walltime_s: Some(1), ..work(RunKind::Trial) };
    let running = start("sleep 60", accepting(grant)).await;
    let end = running.end().await;
    assert_eq!(end["end"]["failure"]["cause"], "timeout", "{end:#}");
    assert_eq!(end["end"]["failure"]["message"], "the attempt took longer than the study's walltime of 1s");
    running.drain().await;
}

#[tokio::test]
async fn a_worker_with_a_walltime_tells_it_and_stops_in_time() {
    let coordinator = ScriptedCoordinator::start(accepting(work(RunKind::Trial))).await;
    let folder = tempfile::tempdir().unwrap();
    let walltime = Some(Duration::from_secs(3));
    let config = Config { walltime, ..config(coordinator.server(), &folder, "sleep 60") };
    timeout(PATIENCE, run(config, std::future::pending())).await.unwrap().unwrap();
    let seen = coordinator.seen();
    let hello = seen.iter().find(|asked| asked.path == "/api/v1/workers").unwrap().json();
    let remaining = hello["remaining_s"].as_u64().unwrap();
    assert!((1..=2).contains(&remaining), "{remaining}");
    let last = writes(&seen).pop().unwrap();
    assert_eq!(last["end"]["result"], "released", "{last:#}");
}

#[path = "fleet_member_dapt_tests.rs"]
mod dapt;
#[path = "fleet_member_gpu_tests.rs"]
mod gpus;
#[path = "fleet_member_host_tests.rs"]
mod hosts;
#[path = "fleet_member_joining_tests.rs"]
mod joining;
#[path = "fleet_member_outage_tests.rs"]
mod outage;
#[path = "fleet_member_token_tests.rs"]
mod token;
