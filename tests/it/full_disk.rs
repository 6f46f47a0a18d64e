//! A host whose disk is full, beside one that is well.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use pedigree_protocol::run::{AttemptRecord, AttemptState, FailureCause};
use pedigree_tests::{SmallDisk, Up, binary, tiny_study, wait_for};

use crate::invariants::{assert_invariants, wait_until_completed};

const LIMIT: Duration = Duration::from_secs(90);

/// A worker beside those of `up`.
struct Worker(Child);

impl Worker {
    fn start(up: &Up, name: &str) -> Self {
        let mut command = Command::new(binary());
        command.args(["worker", "--name", name, "--cpu-slots", "1", "--threads", "1", "--folder"]);
        command.arg(up.path(name)).env("PEDIGREE_DATA", up.data()).env_remove("PEDIGREE_SERVER");
        let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self(quiet.spawn().unwrap())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// All attempts at the study's runs.
async fn attempts(up: &Up) -> Vec<AttemptRecord> {
    let mut found = Vec::new();
    for run in up.client().runs("tiny").await.unwrap_or_default() {
        found.extend(up.client().run(run.id).await.unwrap().attempts);
    }
    found
}

async fn until_one_says(up: &Up, what: &str) {
    let says = |attempt: &AttemptRecord| {
        attempt.failure.as_ref().is_some_and(|failure| failure.message.contains(what))
    };
    let look = || attempts(up);
    wait_for(&format!("an attempt that says {what:?}"), LIMIT, look, |all| all.iter().any(says)).await;
}

/// First there is no room for an attempt's folder, then none for what it needs in the cache. Neither costs the run
/// anything, and the other worker carries it out.
#[tokio::test]
async fn a_worker_on_a_full_disk_hands_its_runs_back_and_another_one_completes_the_study() {
    let up = Up::start(0, 3).await;
    let Some(disk) = SmallDisk::mount(&up.path("full")).unwrap() else {
        eprintln!("SKIPPED: mounting a tmpfs is not permitted here");
        return;
    };
    let few = |text: String| {
        text.replace("trials: 4", "trials: 2")
            .replace("max_concurrent: 2", "max_concurrent: 1")
            .replace("max_epochs: 12", "max_epochs: 2")
    };
    let sweep = tiny_study(&up, few);
    let _on_full_disk = Worker::start(&up, "full");
    let workers = || async { up.json(&["worker", "list"]) };
    wait_for("the worker", LIMIT, workers, |workers| workers[0]["alive"] == true).await;
    disk.fill().unwrap();
    let sweep = sweep.to_str().unwrap();
    up.json(&["sweep", "run", sweep, "--dataset", "synthetic", "--backbone", "tiny", "--detach"]);
    until_one_says(&up, "no folder can be made for an attempt").await;
    let aside = |workers: &serde_json::Value| {
        let why = workers[0]["devices"][0]["device"]["unavailable"].as_str();
        why.is_some_and(|why| why.contains("takes nothing") && why.contains("No space left on device"))
    };
    wait_for("the worker that sets itself aside", LIMIT, workers, aside).await;
    disk.leave(8).unwrap();
    until_one_says(&up, "full/cache cannot be written").await;

    let _sound = Worker::start(&up, "sound");
    let study = wait_until_completed(&up, "tiny").await;
    assert_invariants(&up, &study).await;
    let attempts = attempts(&up).await;
    let failed: Vec<_> = attempts.iter().filter(|attempt| attempt.state != AttemptState::Completed).collect();
    assert!(failed.len() >= 2, "{attempts:#?}");
    for attempt in failed {
        let cause = attempt.failure.as_ref().map(|failure| failure.cause);
        assert_eq!((&*attempt.worker_name, cause), ("full", Some(FailureCause::Host)), "{attempt:#?}");
        let consequence = attempt.consequence.as_deref().unwrap_or_default();
        assert!(consequence.contains("its host is at fault, which costs the run nothing"), "{consequence}");
    }
    assert!(attempts.iter().all(|a| a.state != AttemptState::Completed || a.worker_name == "sound"));
}
