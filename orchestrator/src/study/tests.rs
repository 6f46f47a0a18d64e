use std::collections::BTreeMap;

use pedigree_protocol::lease::{AttemptEnd, AttemptWrite, Directive};
use pedigree_protocol::page::PageQuery;
use pedigree_protocol::resources::Hold;
use pedigree_protocol::run::{FailureCause, RunKind, RunState};
use pedigree_protocol::study::{StudyFilter, StudySpec, StudyState};
use pedigree_protocol::{Dimension, Domain, ErrorCode, Method, Space};
use sqlx::PgPool;

use crate::testing::{
    Coordinator, Worker, completed, end, failed, is_code, message, study_spec, test_scores,
};
use crate::{lease, reconcile, run, study};

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn a_study_goes_from_its_first_trial_to_its_sealed_score(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    let worker = coordinator.worker(2).await;
    let study = coordinator.create(study_spec("study", 3, 2)).await;
    assert_eq!((study.state, study.trials.waiting), (StudyState::Searching, 2));
    for value in [0.3, 0.8, 0.8] {
        let grant = coordinator.claim(&worker).await.unwrap();
        coordinator.complete(&grant, value).await;
    }
    let study = coordinator.study("study").await;
    assert_eq!((study.state, study.trials.completed), (StudyState::Finishing, 3));
    let best = study.best.clone().unwrap();
    assert_eq!((best.number, best.value), (2, 0.8));
    let grant = coordinator.claim(&worker).await.unwrap();
    assert_eq!((grant.kind, grant.number), (RunKind::Final, None));
    coordinator.complete(&grant, 0.7).await;
    coordinator.test(&coordinator.claim(&worker).await.unwrap(), 0.6).await;
    let study = coordinator.study("study").await;
    assert_eq!(study.state, StudyState::Completed);
    assert_eq!(study.finals[0].state, RunState::Completed);
    assert_eq!(study.seal.as_ref().unwrap().results[0].scores, test_scores(0.6));
    assert_eq!((study.trials.ended(), study.ended_at.is_some()), (3, true));
    let runs = coordinator.runs(&study).await;
    let numbers: Vec<_> = runs.iter().map(|run| run.number).collect();
    assert_eq!(numbers, [Some(1), Some(2), Some(3), None, None]);
    assert_eq!(runs[3].params, best.params);
    assert!(coordinator.claim(&worker).await.is_none());
}

/// Runs a study to the end of its search, one trial at a time; answers parameters and suggestion records.
async fn search(coordinator: &Coordinator, worker: &Worker, spec: StudySpec) -> Vec<String> {
    let study = coordinator.create(spec).await;
    while coordinator.study(&study.spec.name).await.state == StudyState::Searching {
        let grant = coordinator.claim(worker).await.unwrap();
        let rate = grant.work.job().params["learning_rate"].as_f64().unwrap();
        coordinator.complete(&grant, 1.0 / (1.0 + rate.log10().abs())).await;
    }
    study::cancel(coordinator.studies(), &study.spec.name).await.unwrap();
    let mut trials = Vec::new();
    for run in coordinator.runs(&study).await.iter().filter(|run| run.kind == RunKind::Trial) {
        let suggestion = coordinator.training(run.id).await.suggestion.unwrap();
        trials.push(format!("{:?} {:?} {suggestion:?}", run.number, run.params));
    }
    trials
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn the_same_seed_gives_the_same_trials(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    let worker = coordinator.worker(1).await;
    let first = search(&coordinator, &worker, study_spec("first", 15, 1)).await;
    let second = search(&coordinator, &worker, study_spec("second", 15, 1)).await;
    assert_eq!((first.len(), &first), (15, &second));
    let other = StudySpec { seed: 8, ..study_spec("third", 2, 1) };
    assert_ne!(search(&coordinator, &worker, other).await, first[..2]);
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn the_same_specification_again_is_the_same_study(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    let first = coordinator.create(study_spec("study", 3, 2)).await;
    assert_eq!(coordinator.create(study_spec("study", 3, 2)).await, first);
    let other = study::create(coordinator.studies(), study_spec("study", 4, 2), None).await;
    assert!(is_code(other, ErrorCode::Conflict));
    assert_eq!(
        study::view::list(coordinator.pool(), &PageQuery::default(), &StudyFilter::default())
            .await
            .unwrap()
            .items,
        std::slice::from_ref(&first)
    );
    assert_eq!(coordinator.study(&first.id.to_string()).await, first);
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn a_study_that_cannot_be_is_refused_with_a_sentence(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    let create = |spec| study::create(coordinator.studies(), spec, None);
    let good = study_spec("study", 1, 1);
    let dataset = create(StudySpec { dataset: "ncbi".into(), ..good.clone() }).await;
    assert_eq!(message(dataset), "there is no dataset \"ncbi\"; known: corpus");
    let backbone = create(StudySpec { backbone: "bert".into(), ..good.clone() }).await;
    assert_eq!(message(backbone), "there is no backbone \"bert\"; known: encoder");
    let none = create(StudySpec { trials: 0, ..good.clone() }).await;
    assert_eq!(message(none), "trials: 0 must lie in 1..=2147483647");
    let fixed = [("learning_rate".into(), pedigree_protocol::Scalar::Float(0.1))].into();
    let twice = create(StudySpec { fixed, ..good }).await;
    assert_eq!(message(twice), "learning_rate: is both searched and fixed; keep one of them");
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn a_cancelled_study_ends_waiting_runs_at_once_and_tells_live_ones_to_stop(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    let worker = coordinator.worker(2).await;
    coordinator.create(study_spec("study", 5, 3)).await;
    let stopped = coordinator.claim_on(&worker, 0).await.unwrap();
    let lost = coordinator.claim_on(&worker, 1).await.unwrap();
    let study = study::cancel(coordinator.studies(), "study").await.unwrap();
    assert_eq!((study.state, study.trials.cancelled, study.trials.leased), (StudyState::Cancelled, 1, 2));
    let reply = coordinator.try_write(&stopped, &AttemptWrite::Renew).await.unwrap();
    assert_eq!(reply.directive, Directive::Stop);
    coordinator.write(&stopped, &end(AttemptEnd::Cancelled)).await;
    coordinator.let_leases_run_out().await;
    reconcile::pass(coordinator.studies(), &coordinator.app.store).await.unwrap();
    let study = study::cancel(coordinator.studies(), "study").await.unwrap();
    assert_eq!((study.trials.cancelled, study.trials.ended()), (3, 3));
    assert_eq!(coordinator.detail(lost.run_id).await.run.state, RunState::Cancelled);
    assert!(coordinator.claim(&worker).await.is_none());
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn wrong_input_fails_the_study_at_its_first_trial(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    let worker = coordinator.worker(2).await;
    coordinator.create(study_spec("study", 5, 3)).await;
    let live = coordinator.claim_on(&worker, 1).await.unwrap();
    let grant = coordinator.claim(&worker).await.unwrap();
    coordinator.write(&grant, &failed(FailureCause::InvalidInput)).await;
    let study = coordinator.study("study").await;
    assert_eq!((study.state, study.failure.as_deref()), (StudyState::Failed, Some("it was InvalidInput")));
    assert_eq!((study.trials.cancelled, study.trials.leased), (1, 1));
    let reply = coordinator.try_write(&live, &AttemptWrite::Renew).await.unwrap();
    assert_eq!(reply.directive, Directive::Stop);
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn a_study_without_a_completed_trial_or_final_run_has_failed(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    let worker = coordinator.worker(1).await;
    coordinator.create(study_spec("none", 1, 1)).await;
    let grant = coordinator.claim(&worker).await.unwrap();
    coordinator.write(&grant, &failed(FailureCause::Oom)).await;
    let failure = coordinator.study("none").await.failure.unwrap();
    assert!(failure.starts_with("none of the 1 trials completed"), "{failure}");
    coordinator.create(study_spec("final", 1, 1)).await;
    let trial = coordinator.claim(&worker).await.unwrap();
    coordinator.complete(&trial, 0.5).await;
    let last = coordinator.claim(&worker).await.unwrap();
    coordinator.write(&last, &failed(FailureCause::Diverged)).await;
    let failure = coordinator.study("final").await.failure.unwrap();
    assert_eq!(failure, "the final run did not complete: it was Diverged");
}

/// What a coordinator that died between a write and what follows from it leaves to the reconciler.
#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn upkeep_alone_brings_a_study_to_its_end(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    let worker = coordinator.worker(1).await;
    let study = coordinator.create(study_spec("study", 2, 1)).await;
    for _ in 0..2 {
        let grant = coordinator.claim(&worker).await.unwrap();
        let write = completed(0.5);
        let AttemptWrite::End { end, .. } = &write else { unreachable!() };
        let end = lease::held::open(coordinator.pool(), grant.run_id, grant.attempt, async |db, held| {
            lease::end::by_worker(db, &held.unwrap(), &write, end, &[]).await
        });
        end.await.unwrap();
        assert!(coordinator.claim(&worker).await.is_none());
        let pass = || reconcile::pass(coordinator.studies(), &coordinator.app.store);
        let (a, b) = tokio::join!(pass(), pass());
        a.and(b).unwrap();
    }
    assert_eq!(coordinator.study("study").await.state, StudyState::Finishing);
    let numbers: Vec<_> = coordinator.runs(&study).await.iter().map(|run| run.number).collect();
    assert_eq!(numbers, [Some(1), Some(2), None]);
}

/// Complaint 9 (optuna 1488, 1490): doubled numbers; with the fix each insert counts all trials.
#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn complaint_09_numbers_are_given_once_however_many_trials_end_at_once(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    let worker = coordinator.worker(12).await;
    let study = coordinator.create(study_spec("study", 40, 12)).await;
    let mut grants = Vec::new();
    for device in 0..12 {
        grants.push(coordinator.claim_on(&worker, device).await.unwrap());
    }
    futures::future::join_all(grants.iter().map(|grant| coordinator.complete(grant, 0.5))).await;
    let numbers: Vec<i32> = coordinator.runs(&study).await.iter().filter_map(|run| run.number).collect();
    assert_eq!(numbers, (1..=24).collect::<Vec<_>>());
}

/// Complaint 17 (optuna 2638): a search that is resumed runs its number of trials once more.
#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn complaint_17_the_budget_is_the_studys_however_often_it_is_resumed(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    let worker = coordinator.worker(1).await;
    let study = coordinator.create(study_spec("study", 3, 2)).await;
    for value in [0.1, 0.2, 0.3] {
        let grant = coordinator.claim(&worker).await.unwrap();
        coordinator.complete(&grant, value).await;
        // The same file again, a pause and its end, a restart.
        coordinator.create(study_spec("study", 3, 2)).await;
        for hold in [Hold::Finish, Hold::None] {
            if coordinator.study("study").await.state == StudyState::Searching {
                study::control::set_hold(coordinator.studies(), "study", hold).await.unwrap();
            }
        }
        reconcile::pass(coordinator.studies(), &coordinator.app.store).await.unwrap();
    }
    let again = coordinator.create(study_spec("study", 3, 2)).await;
    assert_eq!((again.id, again.state, again.trials.ended()), (study.id, StudyState::Finishing, 3));
    let numbers: Vec<_> = coordinator.runs(&study).await.iter().map(|run| run.number).collect();
    assert_eq!(numbers, [Some(1), Some(2), Some(3), None]);
}

/// Complaint 27 (katib 2061, 2452, 1494): trials that failed are not counted, a search whose suggestions fall short hangs,
/// and trials go on after its end.
#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn complaint_27_every_end_counts_and_a_spent_space_does_not_hold_a_study_up(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    let worker = coordinator.worker(1).await;
    let domain = Domain::Int { min: 8, max: 9, log: false, step: None };
    let two = Dimension { name: "lora_r".into(), domain, when: BTreeMap::new(), prior: None };
    let parameters = Space::new(vec![two]).unwrap();
    let spec = StudySpec { parameters, method: Method::GridSearch, retries: 0, ..study_spec("study", 6, 3) };
    let study = coordinator.create(spec).await;
    let unwanted = coordinator.runs(&study).await[2].id;
    run::control::cancel(coordinator.studies(), unwanted).await.unwrap();
    for cause in [FailureCause::Oom, FailureCause::Diverged, FailureCause::Crashed] {
        let grant = coordinator.claim(&worker).await.unwrap();
        coordinator.write(&grant, &failed(cause)).await;
    }
    for value in [0.1, 0.2] {
        let grant = coordinator.claim(&worker).await.unwrap();
        coordinator.complete(&grant, value).await;
    }
    let study = coordinator.study("study").await;
    let trials = &study.trials;
    assert_eq!(study.state, StudyState::Finishing);
    assert_eq!((trials.failed, trials.cancelled, trials.completed, trials.ended()), (3, 1, 2, 6));
    let last = coordinator.claim(&worker).await.unwrap();
    assert_eq!(
        (last.kind, last.work.job().params["lora_r"].clone()),
        (RunKind::Final, study.best.unwrap().params["lora_r"].clone())
    );
    assert!(coordinator.claim(&worker).await.is_none(), "nothing goes on beside the final run");
}
