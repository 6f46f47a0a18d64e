//! What must hold of every finished study, whatever happened on the way.

use std::collections::BTreeSet;
use std::time::Duration;

use pedigree_protocol::run::{AttemptState, RunKind, RunState};
use pedigree_protocol::study::{Study, StudyState};
use pedigree_tests::{Up, wait_for};

const STUDY_LIMIT: Duration = Duration::from_secs(180);

/// Waits until the study has completed.
pub(crate) async fn wait_until_completed(up: &Up, study: &str) -> Study {
    // A killed coordinator answers nothing for a while: that is a state like any other.
    let look = || async { up.client().study(study).await.map_err(|error| error.to_string()) };
    let done = |seen: &Result<Study, String>| seen.as_ref().is_ok_and(|s| s.state.is_final());
    let study =
        wait_for(&format!("the end of {study}\n{}", up.log()), STUDY_LIMIT, look, done).await.unwrap();
    assert_eq!(study.state, StudyState::Completed, "{:?}\n{}", study.failure, up.log());
    study
}

/// Trial numbers are 1..N; each run completed in exactly one attempt, its newest; no report is doubled; the seal
/// belongs to the test run.
pub(crate) async fn assert_invariants(up: &Up, study: &Study) {
    let runs = up.client().runs(&study.spec.name).await.unwrap();
    let numbers: Vec<i32> = runs.iter().filter_map(|run| run.number).collect();
    let wanted: Vec<i32> = (1..=i32::try_from(study.spec.trials).unwrap()).collect();
    assert_eq!(numbers, wanted, "trial numbers");
    for kind in [RunKind::Final, RunKind::Test] {
        assert_eq!(runs.iter().filter(|run| run.kind == kind).count(), 1, "one {kind:?} run");
    }
    for run in &runs {
        assert_eq!(run.state, RunState::Completed, "{run:#?}");
        let detail = up.client().run(run.id).await.unwrap();
        let numbers: Vec<i32> = detail.attempts.iter().map(|a| a.attempt.0).collect();
        assert_eq!(numbers, (1..=run.attempt.0).collect::<Vec<_>>(), "attempts only grow");
        let completed: Vec<_> =
            detail.attempts.iter().filter(|a| a.state == AttemptState::Completed).collect();
        assert_eq!(completed.len(), 1, "one completed attempt: {:#?}", detail.attempts);
        assert_eq!(completed[0].attempt, run.attempt, "the newest attempt completed");
        if run.kind == RunKind::Test {
            assert!(detail.training().is_none(), "a test run trains nothing");
            continue;
        }
        let training = detail.training().expect("a study trains");
        let epochs: BTreeSet<i32> = training.reports.iter().map(|r| r.metrics.epoch).collect();
        assert_eq!(epochs.len(), training.reports.len(), "no report is doubled");
        let summary = training.summary.as_ref().expect("a completed run has a result");
        assert_eq!(
            epochs.len(),
            usize::try_from(summary.epochs).unwrap(),
            "every epoch of the completed attempt is there"
        );
    }
    let seal = study.seal.as_ref().expect("a completed study is sealed");
    assert_eq!(Some(seal.run_id), study.test_run.as_ref().map(|run| run.run_id));
    let tested: Vec<_> = seal.results.iter().map(|result| result.run_id).collect();
    assert_eq!(tested, study.finals.iter().map(|run| run.run_id).collect::<Vec<_>>());
    assert!(seal.sealed_at.is_some());
}
