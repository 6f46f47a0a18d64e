//! SIGKILL to each process in the middle of a study: it finishes all the same, with nothing lost and nothing doubled.

use std::time::Duration;

use pedigree_protocol::run::{AttemptState, Run, RunState};
use pedigree_tests::{Up, kill_nine, tiny_study, wait_for};

use crate::invariants::{assert_invariants, wait_until_completed};

const PART_LIMIT: Duration = Duration::from_secs(60);

/// A server with a study in the middle of a trial: an epoch is reported, others are to come.
async fn up_in_the_middle() -> (Up, Run) {
    let up = Up::start(2, 3).await;
    let sweep = tiny_study(&up, |text| text);
    let sweep = sweep.to_str().unwrap();
    up.json(&["sweep", "run", sweep, "--dataset", "synthetic", "--backbone", "tiny", "--detach"]);
    let client = up.client();
    let look = || async { client.runs("tiny").await.unwrap_or_default() };
    let midway = |run: &&Run| run.state == RunState::Running && run.epochs >= 1;
    let runs =
        wait_for("a trial with a reported epoch", PART_LIMIT, look, |runs| runs.iter().any(|r| midway(&r)))
            .await;
    let run = runs.iter().find(midway).unwrap().clone();
    (up, run)
}

/// Waits until a part that was killed has a new process.
async fn wait_for_successor(up: &Up, part: &str, killed: u32) {
    let look = || async { up.process(part) };
    wait_for(&format!("a new {part}"), PART_LIMIT, look, |pid| pid.is_some_and(|pid| pid != killed)).await;
}

async fn finishes(up: &Up) {
    let study = wait_until_completed(up, "tiny").await;
    assert_invariants(up, &study).await;
}

#[tokio::test]
async fn a_killed_trainer_costs_one_attempt() {
    let (up, _) = up_in_the_middle().await;
    let trainer = wait_for("a trainer", PART_LIMIT, || async { up.trainers() }, |t| !t.is_empty()).await[0];
    kill_nine(trainer);
    finishes(&up).await;
    let mut crashed = 0;
    for run in up.client().runs("tiny").await.unwrap() {
        let attempts = up.client().run(run.id).await.unwrap().attempts;
        crashed += attempts.iter().filter(|a| a.state == AttemptState::Failed).count();
    }
    assert_eq!(crashed, 1, "one attempt crashed");
}

#[tokio::test]
async fn a_killed_worker_loses_its_leases_and_its_trainers() {
    let (up, run) = up_in_the_middle().await;
    let worker = up.process("worker").unwrap();
    let trainers = up.trainers();
    kill_nine(worker);
    let alive = || async {
        let path = |pid: &u32| std::path::PathBuf::from(format!("/proc/{pid}"));
        trainers.iter().filter(|pid| path(pid).exists()).copied().collect::<Vec<u32>>()
    };
    wait_for("the end of the killed worker's trainers", PART_LIMIT, alive, Vec::is_empty).await;
    wait_for_successor(&up, "worker", worker).await;
    finishes(&up).await;
    let detail = up.client().run(run.id).await.unwrap();
    assert_eq!(detail.attempts[0].state, AttemptState::Lost, "{:#?}", detail.attempts);
}

#[tokio::test]
async fn a_killed_coordinator_comes_back_and_forgets_nothing() {
    let (up, _) = up_in_the_middle().await;
    let coordinator = up.process("coordinator").unwrap();
    kill_nine(coordinator);
    wait_for_successor(&up, "coordinator", coordinator).await;
    finishes(&up).await;
}

#[tokio::test]
async fn a_killed_database_recovers_and_forgets_nothing() {
    let (up, _) = up_in_the_middle().await;
    let postgres = up.process("postgres").unwrap();
    kill_nine(postgres);
    wait_for_successor(&up, "postgres", postgres).await;
    finishes(&up).await;
}
