use std::collections::BTreeSet;

use futures::future::join_all;
use pedigree_protocol::ErrorCode;
use pedigree_protocol::artifact::ArtifactFile;
use pedigree_protocol::energy::{Energy, EnergySource};
use pedigree_protocol::lease::{
    AttemptEnd, AttemptWrite, ClaimRequest, Directive, LeaseGrant, WriteOutcome, WriteReply,
};
use pedigree_protocol::pruner::{Pruner, Watch};
use pedigree_protocol::report::TestSummary;
use pedigree_protocol::run::{AttemptState, FailureCause, RunState};
use pedigree_protocol::study::StudySpec;
use pedigree_protocol::{Attempt, RunId, WorkerId};
use sqlx::PgPool;

use crate::lease::claim::wait_for_work;
use crate::lease::write::apply;
use crate::reconcile;
use crate::run;
use crate::testing::{Coordinator, Worker, completed, end, failed, is_code, message, report, study_spec};

const WON: WriteOutcome = WriteOutcome::Won;
const LOST: WriteOutcome = WriteOutcome::Lost;

/// Complaint 7 (optuna 4002): two workers take one waiting trial.
#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn complaint_07_fifty_claims_at_once_give_each_of_twenty_runs_once(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    coordinator.create(study_spec("study", 20, 20)).await;
    let worker = coordinator.worker(50).await;
    let grants = join_all((0..50).map(|device| coordinator.claim_on(&worker, device))).await;
    let runs: Vec<RunId> = grants.iter().flatten().map(|grant| grant.run_id).collect();
    let distinct: BTreeSet<_> = runs.iter().collect();
    assert_eq!((runs.len(), distinct.len()), (20, 20));
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn one_device_holds_one_lease_however_often_it_asks(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    coordinator.create(study_spec("study", 5, 5)).await;
    let worker = coordinator.worker(1).await;
    let grants = join_all((0..10).map(|_| coordinator.claim(&worker))).await;
    assert_eq!(grants.iter().flatten().count(), 1);
    assert!(coordinator.claim(&worker).await.is_none());
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn work_comes_oldest_first_and_with_everything_that_training_needs(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    let study = coordinator.create(study_spec("study", 3, 3)).await;
    let worker = coordinator.worker(3).await;
    let first = coordinator.claim_on(&worker, 0).await.unwrap();
    let second = coordinator.claim_on(&worker, 1).await.unwrap();
    assert_eq!((first.number, second.number, first.attempt), (Some(1), Some(2), Attempt(1)));
    assert_eq!((first.queue_id, first.ttl_ms), (study.id.into(), 30_000));
    let names: Vec<_> = first.work.job().params.keys().map(String::as_str).collect();
    assert_eq!(names, ["epochs", "learning_rate"]);
    assert_ne!(first.work.job().seed, second.work.job().seed);
    assert_eq!(first.work.job().backbone.len(), 1);
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn an_unknown_worker_gets_no_work_and_an_unknown_attempt_no_write(pool: PgPool) {
    let coordinator = Coordinator::new(pool);
    let request = ClaimRequest { worker_id: WorkerId::new(), device_uuid: "GPU-1".into(), wait_ms: 20_000 };
    assert!(is_code(wait_for_work(&coordinator.app, &request).await, ErrorCode::NotFound));
    let reply = apply(&coordinator.app, RunId::new(), Attempt(1), &AttemptWrite::Renew).await.unwrap();
    assert_eq!((reply.outcome, reply.directive), (WriteOutcome::Unknown, Directive::Stop));
}

/// Complaint 5 (optuna 5582): fifteen workers, and one that writes to a trial which another has finished.
#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn complaint_05_a_lost_lease_goes_to_the_next_attempt_and_the_lost_one_writes_no_more(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    coordinator.create(study_spec("study", 1, 1)).await;
    let worker = coordinator.worker(1).await;
    let first = coordinator.claim(&worker).await.unwrap();
    coordinator.write(&first, &report(1, 0.9)).await;
    coordinator.let_leases_run_out().await;
    assert_eq!(coordinator.write(&first, &AttemptWrite::Renew).await, WON, "nobody else has the run");
    coordinator.let_leases_run_out().await;
    reconcile::pass(coordinator.studies(), &coordinator.app.store).await.unwrap();
    assert_eq!(coordinator.write(&first, &AttemptWrite::Renew).await, LOST);
    reconcile::pass(coordinator.studies(), &coordinator.app.store).await.unwrap();
    let second = coordinator.claim(&worker).await.unwrap();
    assert_eq!((second.run_id, second.attempt), (first.run_id, Attempt(2)));
    for write in [AttemptWrite::Start, report(2, 0.9), completed(0.9)] {
        assert_eq!(coordinator.write(&first, &write).await, LOST);
    }
    coordinator.complete(&second, 0.4).await;
    let detail = coordinator.detail(first.run_id).await;
    let states: Vec<_> = detail.attempts.iter().map(|attempt| attempt.state).collect();
    assert_eq!(states, [AttemptState::Lost, AttemptState::Completed]);
    assert_eq!((detail.run.value, detail.run.epochs), (Some(0.4), 1));
    assert_eq!(detail.training().unwrap().reports.len(), 1, "of the newest attempt");
    assert_eq!(detail.attempts[0].failure.as_ref().unwrap().message, "the lease ran out");
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn what_is_sent_twice_counts_once(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    coordinator.create(study_spec("study", 1, 1)).await;
    let worker = coordinator.worker(1).await;
    let grant = coordinator.claim(&worker).await.unwrap();
    let log = |offset, text: &str| AttemptWrite::Log { offset, text: text.into() };
    let writes = [
        AttemptWrite::Start,
        AttemptWrite::Start,
        report(1, 0.3),
        report(1, 0.3),
        report(2, 0.2),
        log(0, "epoch 1\n"),
        log(0, "epoch 1\n"),
        log(6, "1\nepoch 2 \0 ü\n"),
    ];
    for write in writes {
        assert_eq!(coordinator.write(&grant, &write).await, WON, "{write:?}");
    }
    let detail = coordinator.detail(grant.run_id).await;
    assert_eq!((detail.run.epochs, detail.run.best_so_far), (2, Some(0.3)));
    assert_eq!(detail.training().unwrap().reports.len(), 2);
    let log = run::log::read(coordinator.pool(), grant.run_id, None, 0).await.unwrap();
    assert_eq!(log.text, "epoch 1\nepoch 2 \0 ü\n");
    assert_eq!(log.next_offset, 21);
    let rest = run::log::read(coordinator.pool(), grant.run_id, Some(Attempt(1)), 8).await.unwrap();
    assert_eq!(rest.text, "epoch 2 \0 ü\n");
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn the_same_end_again_is_still_won_and_another_end_is_lost(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    coordinator.create(study_spec("study", 2, 1)).await;
    let worker = coordinator.worker(1).await;
    let grant = coordinator.claim(&worker).await.unwrap();
    let sha256 = coordinator.put(b"adapter", false).await.unwrap();
    let file = ArtifactFile { name: "adapter/weights".into(), sha256, bytes: 7 };
    let AttemptWrite::End { end: how, .. } = completed(0.123_456_789_012_345_67) else { unreachable!() };
    let ending = AttemptWrite::End { end: how, artifacts: vec![file.clone()], energy: None };
    assert_eq!(coordinator.write(&grant, &ending).await, WON);
    assert_eq!(coordinator.write(&grant, &ending).await, WON);
    assert_eq!(coordinator.write(&grant, &completed(0.9)).await, LOST);
    assert_eq!(coordinator.write(&grant, &AttemptWrite::Renew).await, LOST);
    let detail = coordinator.detail(grant.run_id).await;
    assert_eq!(detail.run.value, Some(0.123_456_789_012_345_67));
    assert_eq!(detail.attempts[0].artifacts, [file]);
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn an_end_that_makes_no_sense_is_refused_and_changes_nothing(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    coordinator.create(study_spec("study", 1, 1)).await;
    let worker = coordinator.worker(1).await;
    let grant = coordinator.claim(&worker).await.unwrap();
    let summary = TestSummary { results: Vec::new(), seconds: 1.0, peak_memory_bytes: 1 };
    let peeked = coordinator.try_write(&grant, &end(AttemptEnd::Tested { summary: Box::new(summary) })).await;
    assert_eq!(message(peeked), "only a test run ends with test scores; this run is a trial");
    assert_eq!(coordinator.detail(grant.run_id).await.run.state, RunState::Leased);
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn a_crash_is_tried_again_as_often_as_the_study_says_and_a_release_is_not_counted(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    coordinator.create(study_spec("study", 1, 1)).await;
    let worker = coordinator.worker(1).await;
    let endings = [
        (end(AttemptEnd::Released), RunState::Waiting),
        (failed(FailureCause::Crashed), RunState::Waiting),
        (end(AttemptEnd::Released), RunState::Waiting),
        (end(AttemptEnd::Cancelled), RunState::Waiting),
        (failed(FailureCause::Crashed), RunState::Failed),
    ];
    for (ending, state) in endings {
        coordinator.let_pauses_pass().await;
        let grant = coordinator.claim(&worker).await.unwrap();
        assert_eq!(coordinator.write(&grant, &ending).await, WON);
        assert_eq!(coordinator.detail(grant.run_id).await.run.state, state, "{ending:?}");
    }
    let study = coordinator.study("study").await;
    assert_eq!((study.trials.failed, study.failure.is_some()), (1, true));
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn a_run_that_is_lost_more_than_twenty_times_is_given_up(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    let study = coordinator.create(study_spec("study", 1, 1)).await;
    let worker = coordinator.worker(1).await;
    for _ in 0..21 {
        coordinator.claim(&worker).await.unwrap();
        coordinator.let_leases_run_out().await;
        reconcile::pass(coordinator.studies(), &coordinator.app.store).await.unwrap();
    }
    assert!(coordinator.claim(&worker).await.is_none());
    let run = coordinator.runs(&study).await.remove(0);
    assert_eq!((run.state, run.attempt), (RunState::Failed, Attempt(21)));
    assert_eq!(run.failure.unwrap().cause, FailureCause::Lost);
}

fn pruned_study(name: &str, trials: u32) -> StudySpec {
    let watch = Watch { startup_trials: 1, warmup_steps: 0, interval: 1 };
    StudySpec { pruner: Pruner::Median { watch }, ..study_spec(name, trials, 2) }
}

/// A study with one completed trial that reached 0.5, 0.6, and a second one that has reported 0.1.
async fn with_a_verdict(coordinator: &Coordinator, worker: &Worker) -> (LeaseGrant, WriteReply) {
    coordinator.create(pruned_study("study", 3)).await;
    let first = coordinator.claim_on(worker, 0).await.unwrap();
    let reply = coordinator.try_write(&first, &report(1, 0.5)).await.unwrap();
    assert_eq!(reply.directive, Directive::Continue);
    coordinator.write(&first, &report(2, 0.6)).await;
    coordinator.write(&first, &completed(0.6)).await;
    let second = coordinator.claim_on(worker, 0).await.unwrap();
    coordinator.write(&second, &AttemptWrite::Start).await;
    let reply = coordinator.try_write(&second, &report(1, 0.1)).await.unwrap();
    (second, reply)
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn a_report_that_falls_behind_is_answered_with_prune_and_the_run_ends_pruned(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    let worker = coordinator.worker(2).await;
    let (grant, reply) = with_a_verdict(&coordinator, &worker).await;
    assert_eq!((reply.outcome, reply.directive), (WON, Directive::Prune));
    // Sent again, and asked in other ways, the verdict stays.
    for write in [report(1, 0.1), AttemptWrite::Renew, report(2, 0.9)] {
        assert_eq!(coordinator.try_write(&grant, &write).await.unwrap().directive, Directive::Prune);
    }
    let ended = end(AttemptEnd::Pruned);
    assert_eq!(coordinator.write(&grant, &ended).await, WON);
    assert_eq!(coordinator.write(&grant, &ended).await, WON);
    let detail = coordinator.detail(grant.run_id).await;
    assert_eq!((detail.run.state, detail.run.value), (RunState::Pruned, None));
    assert_eq!(detail.attempts[0].state, AttemptState::Pruned);
    let reason = detail.attempts[0].prune_reason.as_deref().unwrap();
    assert_eq!(reason, "its best up to epoch 1, 0.1000, is behind the best 50 % of the others (0.5000)");
    let study = coordinator.study("study").await;
    assert_eq!((study.trials.pruned, study.trials.completed, study.trials.waiting), (1, 1, 1));
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn a_verdict_outlives_its_worker_and_an_end_of_its_own_counts(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    let worker = coordinator.worker(2).await;
    let (lost, _) = with_a_verdict(&coordinator, &worker).await;
    coordinator.let_leases_run_out().await;
    reconcile::pass(coordinator.studies(), &coordinator.app.store).await.unwrap();
    let detail = coordinator.detail(lost.run_id).await;
    assert_eq!((detail.run.state, detail.attempts[0].state), (RunState::Pruned, AttemptState::Lost));
    // The third trial is told to stop, but was through already.
    let third = coordinator.claim_on(&worker, 1).await.unwrap();
    let reply = coordinator.try_write(&third, &report(1, 0.2)).await.unwrap();
    assert_eq!(reply.directive, Directive::Prune);
    coordinator.write(&third, &completed(0.2)).await;
    assert_eq!(coordinator.detail(third.run_id).await.run.state, RunState::Completed);
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn without_a_verdict_nothing_is_pruned_and_a_new_attempt_is_judged_by_its_own_epochs(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    let worker = coordinator.worker(1).await;
    coordinator.create(pruned_study("study", 2)).await;
    let grant = coordinator.claim(&worker).await.unwrap();
    coordinator.write(&grant, &end(AttemptEnd::Pruned)).await;
    let detail = coordinator.detail(grant.run_id).await;
    assert_eq!((detail.run.state, detail.attempts[0].state), (RunState::Waiting, AttemptState::Released));
    let grant = coordinator.claim(&worker).await.unwrap();
    coordinator.write(&grant, &report(1, 0.5)).await;
    coordinator.write(&grant, &report(2, 0.6)).await;
    coordinator.write(&grant, &completed(0.6)).await;
    let second = coordinator.claim(&worker).await.unwrap();
    // The first attempt came to epoch 2 with good values; its successor is at epoch 1.
    coordinator.write(&second, &report(1, 0.5)).await;
    coordinator.write(&second, &report(2, 0.9)).await;
    coordinator.let_leases_run_out().await;
    reconcile::pass(coordinator.studies(), &coordinator.app.store).await.unwrap();
    let again = coordinator.claim(&worker).await.unwrap();
    assert_eq!((again.run_id, again.attempt), (second.run_id, Attempt(2)));
    let reply = coordinator.try_write(&again, &report(1, 0.4)).await.unwrap();
    assert_eq!(reply.directive, Directive::Prune);
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn several_reports_in_one_write_count_once_each(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    let worker = coordinator.worker(1).await;
    coordinator.create(study_spec("study", 1, 1)).await;
    let grant = coordinator.claim(&worker).await.unwrap();
    coordinator.write(&grant, &AttemptWrite::Start).await;
    let several = |reports: &[(i32, f64)]| AttemptWrite::Several {
        writes: reports.iter().map(|(epoch, f1)| report(*epoch, *f1)).collect(),
    };
    coordinator.write(&grant, &report(1, 0.5)).await;
    // The first one's answer was lost; an epoch that is named twice is stored once.
    let write = several(&[(1, 0.5), (2, 0.7), (3, 0.6), (3, 0.6)]);
    for _ in 0..2 {
        assert_eq!(coordinator.write(&grant, &write).await, WON);
    }
    let detail = coordinator.detail(grant.run_id).await;
    let epochs: Vec<i32> =
        detail.training().unwrap().reports.iter().map(|report| report.metrics.epoch).collect();
    assert_eq!((epochs, detail.run.epochs, detail.run.best_so_far), (vec![1, 2, 3], 3, Some(0.7)));
    for nonsense in [several(&[]), several(&[(4, 0.1), (0, 0.1)])] {
        assert!(coordinator.try_write(&grant, &nonsense).await.is_err());
    }
    assert_eq!(coordinator.detail(grant.run_id).await.run.epochs, 3);
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn the_energy_of_an_attempt_is_kept_with_how_it_is_known(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    coordinator.create(study_spec("study", 1, 1)).await;
    let worker = coordinator.worker(1).await;
    let grant = coordinator.claim(&worker).await.unwrap();
    let energy = Some(Energy { joules: 1234.5, source: EnergySource::Sampled });
    let ending = AttemptWrite::End { end: Box::new(AttemptEnd::Released), artifacts: Vec::new(), energy };
    assert_eq!(coordinator.write(&grant, &ending).await, WON);
    assert_eq!(coordinator.detail(grant.run_id).await.attempts[0].energy, energy);
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn a_whole_attempt_in_one_write_counts_and_counts_once(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    let worker = coordinator.worker(1).await;
    coordinator.create(study_spec("study", 2, 1)).await;
    let grant = coordinator.claim(&worker).await.unwrap();
    let end = completed(0.7);
    let writes = vec![AttemptWrite::Start, report(1, 0.5), report(2, 0.7), end.clone()];
    let backwards = AttemptWrite::Several { writes: writes.iter().rev().cloned().collect() };
    assert!(coordinator.try_write(&grant, &backwards).await.is_err());
    let whole = AttemptWrite::Several { writes };
    for write in [&whole, &whole, &end] {
        assert_eq!(coordinator.write(&grant, write).await, WON);
    }
    assert_eq!(
        coordinator.write(&grant, &AttemptWrite::Several { writes: vec![report(3, 0.9)] }).await,
        LOST
    );
    let detail = coordinator.detail(grant.run_id).await;
    assert_eq!(
        (detail.run.state, detail.run.value, detail.training().unwrap().reports.len()),
        (RunState::Completed, Some(0.7), 2)
    );
    assert!(detail.attempts[0].started_at.is_some());
    // The study went on: its next trial waits.
    assert!(coordinator.claim(&worker).await.is_some());
}
