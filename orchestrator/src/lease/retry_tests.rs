//! What follows a failure by its cause, and what users may have tried again.

use pedigree_protocol::ErrorCode;
use pedigree_protocol::lease::{AttemptEnd, AttemptWrite, LeaseGrant};
use pedigree_protocol::replay::ReplayVerdict;
use pedigree_protocol::run::{AttemptState, Failure, FailureCause, RunState};
use pedigree_protocol::study::RetryFailed;
use pedigree_protocol::study::{StudySpec, StudyState};
use sqlx::PgPool;

use crate::error::ApiError;
use crate::testing::{Coordinator, Worker, completed, end, failed, is_code, message, study_spec};
use crate::{fleet, study};

async fn consequence(coordinator: &Coordinator, grant: &LeaseGrant) -> String {
    let attempts = coordinator.detail(grant.run_id).await.attempts;
    attempts.last().unwrap().consequence.clone().unwrap()
}

/// Claims on one device, fails, and tells what became of the run.
async fn fail(coordinator: &Coordinator, worker: &Worker, device: usize, cause: FailureCause) -> LeaseGrant {
    coordinator.let_pauses_pass().await;
    let grant = coordinator.claim_on(worker, device).await.unwrap();
    coordinator.write(&grant, &failed(cause)).await;
    grant
}

/// Complaint 30 (wandb 2031 and others): crashed runs are not redone, and nobody says what becomes of them.
#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn complaint_30_a_failed_run_is_redone_by_its_cause_and_says_so(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    let worker = coordinator.worker(1).await;
    let cases = [
        (FailureCause::Crashed, RunState::Waiting, "tried again after 1 s: retry 1 of 1"),
        (FailureCause::Device, RunState::Waiting, "tried again: retry 1 of 1, on another device"),
        (FailureCause::Oom, RunState::Failed, "not tried again: it is this configuration's result"),
        (FailureCause::Diverged, RunState::Failed, "not tried again: it is this configuration's result"),
        (
            FailureCause::InvalidInput,
            RunState::Failed,
            "not tried again: every trial of the study would fail alike",
        ),
    ];
    for (number, (cause, state, said)) in cases.into_iter().enumerate() {
        let name = format!("study-{number}");
        coordinator.create(study_spec(&name, 1, 1)).await;
        let grant = fail(&coordinator, &worker, 0, cause).await;
        assert_eq!(coordinator.detail(grant.run_id).await.run.state, state, "{cause:?}");
        let sentence = consequence(&coordinator, &grant).await;
        assert!(sentence.starts_with(said), "{cause:?}: {sentence}");
        if state == RunState::Waiting {
            study::cancel(coordinator.studies(), &name).await.unwrap();
        }
    }
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn a_fault_of_the_host_costs_the_run_nothing_however_often(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool.clone()).await;
    let worker = coordinator.worker(1).await;
    coordinator.create(study_spec("study", 1, 1)).await;
    for _ in 0..25 {
        let grant = fail(&coordinator, &worker, 0, FailureCause::Host).await;
        let detail = coordinator.detail(grant.run_id).await;
        assert_eq!((detail.run.state, detail.run.failure), (RunState::Waiting, None));
        let attempt = detail.attempts.last().unwrap();
        assert_eq!(
            (attempt.state, attempt.failure.as_ref().unwrap().cause),
            (AttemptState::Failed, FailureCause::Host)
        );
        let said = attempt.consequence.as_deref();
        assert_eq!(said, Some("tried again: its host is at fault, which costs the run nothing"));
    }
    let spent = "SELECT crashes + losses FROM runs";
    assert_eq!(sqlx::query_scalar::<_, i32>(spent).fetch_one(&pool).await.unwrap(), 0);
    let grant = coordinator.claim(&worker).await.unwrap();
    coordinator.complete(&grant, 0.5).await;
    assert_eq!(coordinator.study("study").await.trials.completed, 1);
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn a_crashed_run_waits_out_its_pause_and_its_evidence_is_kept(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    let worker = coordinator.worker(1).await;
    coordinator.create(study_spec("study", 1, 1)).await;
    let grant = coordinator.claim(&worker).await.unwrap();
    let failure = Failure {
        evidence: Some("SIGSEGV".into()),
        ..Failure::new(FailureCause::Crashed, "the trainer was ended by SIGSEGV")
    };
    coordinator.write(&grant, &end(AttemptEnd::Failed { failure: failure.clone() })).await;
    assert!(coordinator.claim(&worker).await.is_none(), "the run pauses");
    let again = fail(&coordinator, &worker, 0, FailureCause::Crashed).await;
    assert_eq!(again.run_id, grant.run_id);
    let detail = coordinator.detail(grant.run_id).await;
    assert_eq!(detail.attempts[0].failure.as_ref(), Some(&failure));
    assert_eq!(
        consequence(&coordinator, &again).await,
        "not tried again: the 1 retries of the run are spent"
    );
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn the_retries_of_a_study_are_one_budget(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    let worker = coordinator.worker(2).await;
    let spec = StudySpec { study_retries: Some(1), ..study_spec("study", 2, 2) };
    coordinator.create(spec).await;
    let first = coordinator.claim_on(&worker, 0).await.unwrap();
    let second = coordinator.claim_on(&worker, 1).await.unwrap();
    coordinator.write(&first, &failed(FailureCause::Crashed)).await;
    coordinator.write(&second, &failed(FailureCause::Crashed)).await;
    assert!(consequence(&coordinator, &first).await.starts_with("tried again"));
    assert_eq!(
        consequence(&coordinator, &second).await,
        "not tried again: the 1 retries of the study are spent"
    );
}

/// Complaint 23 (ray 23971 and others): a GPU in a bad state fails one trial after another.
#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn complaint_23_a_faulty_gpu_is_left_by_its_run_and_then_taken_out_of_use(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    let worker = coordinator.worker(2).await;
    let spec = StudySpec { retries: 9, study_retries: Some(9), ..study_spec("study", 4, 2) };
    coordinator.create(spec).await;
    let first = fail(&coordinator, &worker, 0, FailureCause::Device).await;
    let second = fail(&coordinator, &worker, 0, FailureCause::Device).await;
    assert_ne!(first.run_id, second.run_id, "the run is not given to the device that failed it");
    assert!(coordinator.claim_on(&worker, 0).await.is_none(), "both runs avoid the device");
    let elsewhere = coordinator.claim_on(&worker, 1).await.unwrap();
    assert_eq!(elsewhere.run_id, first.run_id);
    coordinator.complete(&elsewhere, 0.5).await;
    let third = fail(&coordinator, &worker, 0, FailureCause::Device).await;
    let sentence = consequence(&coordinator, &third).await;
    let device = &worker.devices[0];
    assert!(sentence.ends_with(&format!("`pedigree worker release {device}` takes it back")), "{sentence}");
    assert!(coordinator.claim_on(&worker, 0).await.is_none(), "the device is out of use");
    let listed = fleet::sql::offering(coordinator.pool(), device).await.unwrap();
    let quarantine = listed[0].devices[0].quarantine.clone().unwrap();
    assert_eq!(quarantine, "3 attempts in a row failed on it; the newest: it was Device");
    fleet::quarantine::release(coordinator.pool(), device).await.unwrap();
    let unknown = fleet::quarantine::release(coordinator.pool(), device).await;
    assert!(is_code(unknown, ErrorCode::NotFound));
    assert!(coordinator.claim_on(&worker, 1).await.is_some());
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn where_there_is_no_other_device_a_run_stays_on_the_one_there_is(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    let worker = coordinator.worker(1).await;
    coordinator.create(study_spec("study", 1, 1)).await;
    fail(&coordinator, &worker, 0, FailureCause::Device).await;
    let again = coordinator.claim(&worker).await.unwrap();
    coordinator.complete(&again, 0.5).await;
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn a_refused_job_fails_the_study_early_until_a_trial_has_completed(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    let worker = coordinator.worker(1).await;
    coordinator.create(study_spec("early", 40, 3)).await;
    fail(&coordinator, &worker, 0, FailureCause::InvalidJob).await;
    let study = coordinator.study("early").await;
    assert_eq!((study.state, study.failure.as_deref()), (StudyState::Failed, Some("it was InvalidJob")));
    assert_eq!(study.trials.failed, 1);
    coordinator.create(study_spec("late", 3, 1)).await;
    let grant = coordinator.claim(&worker).await.unwrap();
    coordinator.complete(&grant, 0.5).await;
    fail(&coordinator, &worker, 0, FailureCause::InvalidJob).await;
    assert_eq!(coordinator.study("late").await.state, StudyState::Searching);
    assert!(coordinator.claim(&worker).await.is_some());
}

/// A study that failed by its data after one trial, with another trial live and a third one waiting.
async fn failed_study(coordinator: &Coordinator, worker: &Worker) -> (LeaseGrant, LeaseGrant) {
    coordinator.create(study_spec("study", 3, 3)).await;
    let live = coordinator.claim_on(worker, 1).await.unwrap();
    let grant = fail(coordinator, worker, 0, FailureCause::InvalidInput).await;
    assert_eq!(coordinator.study("study").await.state, StudyState::Failed);
    (grant, live)
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn a_failed_study_opens_again_with_all_that_its_end_had_cancelled(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    let worker = coordinator.worker(2).await;
    let (grant, live) = failed_study(&coordinator, &worker).await;
    coordinator.write(&live, &end(AttemptEnd::Cancelled)).await;
    let retried =
        study::retry::failed(coordinator.studies(), "study", &RetryFailed::default()).await.unwrap();
    assert_eq!(retried.study.state, StudyState::Searching);
    assert_eq!(retried.runs.iter().map(|run| run.id).collect::<Vec<_>>(), [grant.run_id]);
    assert_eq!(
        (retried.study.trials.waiting, retried.study.ended_at, retried.study.failure),
        (3, None, None)
    );
    for _ in 0..3 {
        let grant = coordinator.claim(&worker).await.unwrap();
        coordinator.complete(&grant, 0.5).await;
    }
    assert_eq!(coordinator.study("study").await.state, StudyState::Finishing);
    let replay = study::replay::of_study(coordinator.pool(), "study").await.unwrap();
    assert!(replay.suggestions.iter().all(|s| s.verdict == ReplayVerdict::Same), "{replay:?}");
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn a_retry_by_hand_brings_the_budget_back(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    let worker = coordinator.worker(1).await;
    coordinator.create(study_spec("study", 2, 1)).await;
    let grant = fail(&coordinator, &worker, 0, FailureCause::Crashed).await;
    fail(&coordinator, &worker, 0, FailureCause::Crashed).await;
    assert_eq!(coordinator.detail(grant.run_id).await.run.state, RunState::Failed);
    let retried = study::retry::run(coordinator.studies(), grant.run_id).await.unwrap();
    assert_eq!((retried.runs[0].state, retried.runs[0].failure.is_none()), (RunState::Waiting, true));
    let third = coordinator.claim(&worker).await.unwrap();
    assert_eq!((third.run_id, third.attempt.0), (grant.run_id, 3));
    coordinator.write(&third, &failed(FailureCause::Crashed)).await;
    assert_eq!(consequence(&coordinator, &third).await, "tried again after 1 s: retry 1 of 1");
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn what_cannot_be_tried_again_says_why(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    let worker = coordinator.worker(1).await;
    let study = coordinator.create(study_spec("study", 3, 1)).await;
    let retry = async |number: usize| -> Result<_, ApiError> {
        study::retry::run(coordinator.studies(), coordinator.runs(&study).await[number - 1].id).await
    };
    assert_eq!(message(retry(1).await), "no run of study is tried again: trial 1: it has not ended yet");
    let oom = fail(&coordinator, &worker, 0, FailureCause::Oom).await;
    let said = message(study::retry::run(coordinator.studies(), oom.run_id).await);
    assert!(said.contains("trial 1: its failure is a result") && said.contains("study enqueue"), "{said}");
    let fine = coordinator.claim(&worker).await.unwrap();
    coordinator.complete(&fine, 0.5).await;
    assert!(message(retry(2).await).ends_with("trial 2: it did not fail"));
    let lost = fail(&coordinator, &worker, 0, FailureCause::Crashed).await;
    fail(&coordinator, &worker, 0, FailureCause::Crashed).await;
    let said = message(study::retry::run(coordinator.studies(), lost.run_id).await);
    assert!(said.ends_with("trial 3: the final runs have begun, which ends the search"), "{said}");
    let only = RetryFailed { causes: vec![FailureCause::Device] };
    let said = message(study::retry::failed(coordinator.studies(), "study", &only).await);
    assert_eq!(said, "no run of study is tried again: none failed by these causes");
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn a_final_run_that_failed_can_be_tried_again_whatever_its_cause(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    let worker = coordinator.worker(1).await;
    coordinator.create(study_spec("study", 1, 1)).await;
    let trial = coordinator.claim(&worker).await.unwrap();
    coordinator.write(&trial, &AttemptWrite::Start).await;
    coordinator.write(&trial, &completed(0.5)).await;
    let last = fail(&coordinator, &worker, 0, FailureCause::Oom).await;
    assert_eq!(coordinator.study("study").await.state, StudyState::Failed);
    let retried = study::retry::run(coordinator.studies(), last.run_id).await.unwrap();
    assert_eq!(retried.study.state, StudyState::Finishing);
    assert_eq!(coordinator.claim(&worker).await.unwrap().run_id, last.run_id);
}
