//! Everything at once on the same few studies: workers that claim, report and end, users that hold and retry, upkeep.

use std::time::Duration;

use pedigree_protocol::lease::{AttemptEnd, AttemptWrite, WriteOutcome};
use pedigree_protocol::page::PageQuery;
use pedigree_protocol::resources::Hold;
use pedigree_protocol::run::{FailureCause, RunKind};
use pedigree_protocol::study::{RetryFailed, StudyFilter, StudySpec};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use sqlx::PgPool;

use crate::error::{ApiError, ApiResult};
use crate::testing::{Coordinator, Worker, end, failed, report, study_spec};
use crate::{reconcile, run, study};

const STUDIES: [&str; 3] = ["one", "two", "three"];
const DEVICES: usize = 6;

async fn is_open(coordinator: &Coordinator) -> bool {
    let studies = study::view::list(coordinator.pool(), &PageQuery::default(), &StudyFilter::default())
        .await
        .unwrap()
        .items;
    studies.iter().any(|study| !study.state.is_final())
}

/// Work of one device until there is none left in any study.
async fn work(coordinator: &Coordinator, worker: &Worker, device: usize) {
    let mut dice = ChaCha8Rng::seed_from_u64(device as u64);
    while is_open(coordinator).await {
        let Some(grant) = coordinator.claim_on(worker, device).await else { continue };
        match grant.kind {
            RunKind::Test => {
                coordinator.test(&grant, 0.4).await;
                continue;
            }
            RunKind::Final => {
                coordinator.complete(&grant, 0.5).await;
                continue;
            }
            RunKind::Trial | RunKind::Dapt => {}
        }
        for write in [AttemptWrite::Start, report(1, 0.1), AttemptWrite::Renew, report(2, 0.2)] {
            assert_eq!(coordinator.write(&grant, &write).await, WriteOutcome::Won);
        }
        match dice.random_range(0..6) {
            0 => coordinator.write(&grant, &failed(FailureCause::Oom)).await,
            1 => coordinator.write(&grant, &end(AttemptEnd::Released)).await,
            _ => {
                coordinator.complete(&grant, dice.random()).await;
                WriteOutcome::Won
            }
        };
    }
}

/// A refusal is an answer; anything else is a fault of ours.
fn answered<T>(result: ApiResult<T>) {
    match result {
        Ok(_) | Err(ApiError::Refused { .. }) => {}
        Err(error) => panic!("{error}: {error:?}"),
    }
}

/// Users who hold and let go, move studies about, cancel trials and retry, without rest.
async fn meddle(coordinator: &Coordinator) {
    let (pool, studies) = (coordinator.pool(), coordinator.studies());
    for priority in 0.. {
        for name in STUDIES {
            answered(study::control::set_hold(studies, name, Hold::Now).await);
            answered(study::control::prioritise(studies, name, priority % 7).await);
            answered(study::control::set_hold(studies, name, Hold::None).await);
            answered(study::retry::failed(studies, name, &RetryFailed::default()).await);
        }
        let study = coordinator.study(STUDIES[0]).await;
        if let (Some(run), true) = (coordinator.runs(&study).await.pop(), priority % 3 == 0) {
            answered(run::control::set_paused(pool, run.id, true).await);
            answered(run::control::set_paused(pool, run.id, false).await);
        }
        if !is_open(coordinator).await {
            return;
        }
    }
}

async fn look_after(coordinator: &Coordinator) {
    while is_open(coordinator).await {
        reconcile::pass(coordinator.studies(), &coordinator.app.store).await.unwrap();
    }
}

/// Complaint 10 (optuna 1499, 1514, 5447): deadlocks, and code that tries five times with a random pause.
#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn complaint_10_workers_users_and_upkeep_at_once_meet_no_deadlock(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    for name in STUDIES {
        coordinator.create(StudySpec { retries: 0, ..study_spec(name, 10, 3) }).await;
    }
    let worker = coordinator.worker(DEVICES).await;
    let devices = futures::future::join_all((0..DEVICES).map(|device| work(&coordinator, &worker, device)));
    let (a, b) = (look_after(&coordinator), look_after(&coordinator));
    let all = Box::pin(async { tokio::join!(devices, meddle(&coordinator), a, b) });
    tokio::time::timeout(Duration::from_secs(60), all).await.expect("the studies come to their ends");
    for name in STUDIES {
        let study = coordinator.study(name).await;
        assert!(study.seal.is_some_and(|seal| !seal.results.is_empty()), "{name}: {:?}", study.state);
    }
    let deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    let deadlocks: i64 = sqlx::query_scalar(deadlocks).fetch_one(coordinator.pool()).await.unwrap();
    assert_eq!(deadlocks, 0);
}

/// Runs that a user has tried again are more than may be live: two claims that come at once must not both take the last
/// lease that the study may have.
#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn claims_at_once_never_pass_the_limit_of_a_study(pool: PgPool) {
    const WIDTH: usize = 8;
    let coordinator = Coordinator::with_content(pool).await;
    coordinator.create(StudySpec { retries: 0, ..study_spec("study", 12, 2) }).await;
    let worker = coordinator.worker(WIDTH).await;
    for _ in 0..10 {
        let grant = coordinator.claim(&worker).await.unwrap();
        coordinator.write(&grant, &failed(FailureCause::Crashed)).await;
    }
    let retried =
        study::retry::failed(coordinator.studies(), "study", &RetryFailed::default()).await.unwrap();
    assert_eq!(retried.runs.len(), 10);
    for round in 0..20 {
        let claims = (0..WIDTH).map(|device| coordinator.claim_on(&worker, device));
        let granted: Vec<_> = futures::future::join_all(claims).await.into_iter().flatten().collect();
        assert_eq!(granted.len(), 2, "round {round}");
        for grant in granted {
            coordinator.write(&grant, &end(AttemptEnd::Released)).await;
        }
    }
}
