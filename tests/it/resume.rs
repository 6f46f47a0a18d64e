//! What a killed attempt leaves, the next one goes on from: the study ends as if nothing had happened.

use std::time::Duration;

use pedigree_protocol::report::{EpochReport, TestScores};
use pedigree_protocol::run::{AttemptState, Run, RunKind, RunState};
use pedigree_protocol::run_detail::{RunDetail, RunReports};
use pedigree_protocol::study::Study;
use pedigree_protocol::{Attempt, RunId};
use pedigree_tests::{Up, kill_nine, terminate, tiny_study, wait_for};

use crate::invariants::{assert_invariants, wait_until_completed};

const LIMIT: Duration = Duration::from_secs(60);

/// The parts of the newest attempt's reports that do not depend on the machine's mood.
fn metrics(run: &RunDetail) -> Vec<(i32, f64, f64, f64, f64)> {
    let of = |m: &EpochReport| (m.epoch, m.train_loss, m.dev_loss, m.dev.strict.f1, m.gradient_norm);
    run.training().unwrap().reports.iter().map(|report| of(&report.metrics)).collect()
}

/// Waits for a run of that kind in its `attempt`-th attempt that has reported at least so many epochs and has a stored
/// checkpoint.
async fn midway(up: &Up, kind: RunKind, attempt: i32, epochs: i32) -> Run {
    let is_midway = |run: &Run| {
        run.kind == kind
            && run.state == RunState::Running
            && run.attempt.0 == attempt
            && run.epochs >= epochs
            && !up.checkpoints(run.id).is_empty()
    };
    let client = up.client();
    let look = || async {
        let runs = client.runs("disturbed").await.unwrap_or_default();
        runs.into_iter().find(|run| is_midway(run))
    };
    wait_for(&format!("epoch {epochs} of attempt {attempt}\n{}", up.log()), LIMIT, look, Option::is_some)
        .await
        .unwrap()
}

async fn assert_continued(up: &Up, run: RunId, attempt: i32) {
    let reports = up.client().reports(run, Attempt(attempt)).await.unwrap();
    let RunReports::Train { items } = reports else { panic!("{reports:?}") };
    let first = items.iter().find(|report| !report.metrics.carried).map(|report| report.metrics.epoch);
    assert!(first > Some(1), "attempt {attempt} began with epoch {first:?}");
}

#[tokio::test]
async fn killed_attempts_are_continued_and_the_study_ends_as_an_undisturbed_one() {
    let up = Up::start(1, 3).await;
    let edit = |text: String| {
        let text = text.replace("trials: 4", "trials: 1").replace("max_concurrent: 2", "max_concurrent: 1");
        text.replace("max_epochs: 12", "max_epochs: 30").replace("patience: 12", "patience: 30")
    };
    let sweep = tiny_study(&up, edit);
    let run = |name| {
        let names = ["--dataset", "synthetic", "--backbone", "tiny", "--name", name, "--detach"];
        up.json(&[&["sweep", "run", sweep.to_str().unwrap()], &names[..]].concat());
    };
    run("calm");
    let calm = wait_until_completed(&up, "calm").await;

    run("disturbed");
    let at = midway(&up, RunKind::Trial, 1, 3).await;
    terminate(up.trainers()[0]);
    let at = midway(&up, RunKind::Trial, 2, at.epochs + 3).await;
    kill_nine(up.trainers()[0]);
    midway(&up, RunKind::Trial, 3, at.epochs).await;
    midway(&up, RunKind::Final, 1, 3).await;
    kill_nine(up.process("worker").unwrap());
    let disturbed = wait_until_completed(&up, "disturbed").await;
    assert_invariants(&up, &disturbed).await;

    let client = up.client();
    let (calm_runs, runs) = (client.runs("calm").await.unwrap(), client.runs("disturbed").await.unwrap());
    let states = [
        vec![AttemptState::Released, AttemptState::Failed, AttemptState::Completed],
        vec![AttemptState::Lost, AttemptState::Completed],
    ];
    for ((calm, run), states) in calm_runs.iter().zip(&runs).zip(states) {
        let (calm, detail) = (client.run(calm.id).await.unwrap(), client.run(run.id).await.unwrap());
        let ended: Vec<_> = detail.attempts.iter().map(|attempt| attempt.state).collect();
        assert_eq!(ended, states, "{:#?}", detail.attempts);
        for attempt in 2..=run.attempt.0 {
            assert_continued(&up, run.id, attempt).await;
        }
        assert_eq!((&calm.run.params, calm.run.value), (&detail.run.params, detail.run.value));
        assert_eq!(metrics(&calm), metrics(&detail));
        let look = || async { up.checkpoints(run.id) };
        wait_for("the end of the run's checkpoints", LIMIT, look, Vec::is_empty).await;
    }
    assert_eq!(scores(calm), scores(disturbed));
}

/// The sealed scores; the runs that they belong to differ from study to study.
fn scores(study: Study) -> Vec<TestScores> {
    study.seal.unwrap().results.into_iter().map(|result| result.scores).collect()
}
