//! Eight workers at once, random ends, kills and lost leases; then every suggestion is computed again.

use pedigree_protocol::lease::{AttemptEnd, AttemptWrite, Directive, LeaseGrant, WriteOutcome};
use pedigree_protocol::pruner::{Pruner, Watch};
use pedigree_protocol::replay::{ReplayVerdict, StudyReplay};
use pedigree_protocol::run::{FailureCause, RunKind};
use pedigree_protocol::study::{Enqueue, StudySpec, StudyState, Transfer};
use pedigree_protocol::{ErrorCode, Method, ParamValues, Scalar};
use rand::RngExt;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use sqlx::PgPool;

use crate::study::replay::of_study;
use crate::testing::{Coordinator, Worker, completed, end, failed, is_code, message, report, study_spec};
use crate::{reconcile, study};

/// What a worker does with what it holds.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Completes,
    RunsOutOfMemory,
    Crashes,
    /// The worker dies; its lease runs out.
    Dies,
}

const FATES: [Fate; 8] = [
    Fate::Completes,
    Fate::Completes,
    Fate::Completes,
    Fate::Completes,
    Fate::Completes,
    Fate::RunsOutOfMemory,
    Fate::Crashes,
    Fate::Dies,
];

/// A worker's life: it takes work, trains a few epochs in no time, and ends it this way or that.
async fn work(coordinator: &Coordinator, worker: &Worker, device: usize, name: &str) {
    let mut dice = ChaCha8Rng::seed_from_u64(device as u64);
    // Each worker dies and runs out of memory first; what it does then depends on what it is given.
    let mut first = [Fate::Dies, Fate::RunsOutOfMemory].into_iter();
    while coordinator.study(name).await.state == StudyState::Searching {
        let Some(grant) = coordinator.claim_on(worker, device).await else {
            reconcile::pass(coordinator.studies(), &coordinator.app.store).await.unwrap();
            continue;
        };
        if grant.kind == RunKind::Final {
            return;
        }
        let fate = first.next().unwrap_or_else(|| *FATES.choose(&mut dice).unwrap());
        carry_out(coordinator, &grant, fate, &mut dice).await;
    }
}

async fn carry_out(coordinator: &Coordinator, grant: &LeaseGrant, fate: Fate, dice: &mut ChaCha8Rng) {
    coordinator.write(grant, &AttemptWrite::Start).await;
    match fate {
        Fate::Dies => return die(coordinator, grant).await,
        // Before the first epoch's end: nothing of it can be pruned.
        Fate::RunsOutOfMemory => {
            coordinator.write(grant, &failed(FailureCause::Oom)).await;
            return;
        }
        Fate::Completes | Fate::Crashes => {}
    }
    let best: f64 = dice.random();
    for epoch in 1..=dice.random_range(1..5) {
        let write = report(epoch, best * f64::from(epoch) / 5.0);
        let Ok(reply) = coordinator.try_write(grant, &write).await else { return };
        match (reply.outcome, reply.directive) {
            (WriteOutcome::Won, Directive::Continue) => tokio::task::yield_now().await,
            (WriteOutcome::Won, Directive::Prune) => {
                coordinator.write(grant, &end(AttemptEnd::Pruned)).await;
                return;
            }
            _ => return,
        }
    }
    let crashes = matches!(fate, Fate::Crashes);
    let last = if crashes { failed(FailureCause::Crashed) } else { completed(best) };
    coordinator.write(grant, &last).await;
}

async fn die(coordinator: &Coordinator, grant: &LeaseGrant) {
    let past = "UPDATE attempts SET lease_expires_at = now() - interval '1 s' WHERE run_id = $1 AND ended_at IS NULL";
    sqlx::query(past).bind(grant.run_id.0).execute(coordinator.pool()).await.unwrap();
    reconcile::pass(coordinator.studies(), &coordinator.app.store).await.unwrap();
}

async fn searched(coordinator: &Coordinator, spec: StudySpec) -> StudyReplay {
    let name = spec.name.clone();
    coordinator.create(spec).await;
    let worker = coordinator.worker(8).await;
    let lives = (0..8).map(|device| work(coordinator, &worker, device, &name));
    futures::future::join_all(lives).await;
    of_study(coordinator.pool(), &name).await.unwrap()
}

/// Complaint 13 (optuna 3056, 4412, 6344): a parallel search cannot be computed again.
#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn complaint_13_eight_workers_with_kills_leave_a_search_that_is_computed_again(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    let watch = Watch { startup_trials: 3, warmup_steps: 0, interval: 1 };
    for method in [Method::Auto, Method::Tpe] {
        let name = format!("study-{}", method.as_str());
        let spec = StudySpec { method, pruner: Pruner::Median { watch }, ..study_spec(&name, 40, 8) };
        let replay = searched(&coordinator, spec).await;
        assert_eq!((replay.same, replay.differ, replay.unknown), (40, 0, 0), "{replay:#?}");
        let study = coordinator.study(&name).await;
        assert!(study.trials.pruned > 0 && study.trials.failed > 0, "{:?}", study.trials);
        let attempts = "SELECT count(*) FROM attempts a JOIN runs r ON r.id = a.run_id
                        WHERE r.queue_id = $1 AND a.state = 'lost'";
        let lost: i64 =
            sqlx::query_scalar(attempts).bind(study.id.0).fetch_one(coordinator.pool()).await.unwrap();
        assert!(lost > 0);
    }
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn a_changed_result_and_an_old_version_are_told_apart(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    let worker = coordinator.worker(1).await;
    coordinator.create(StudySpec { method: Method::Tpe, ..study_spec("study", 20, 1) }).await;
    for i in 0..19 {
        let grant = coordinator.claim(&worker).await.unwrap();
        coordinator.complete(&grant, f64::from(i * 7 % 19) / 19.0).await;
    }
    let change = |sql: &'static str| {
        let pool = coordinator.pool();
        async move { sqlx::query(sql).execute(pool).await.unwrap() }
    };
    change("UPDATE runs SET suggestion = jsonb_set(suggestion, '{version}', '0') WHERE number = 3").await;
    change("UPDATE runs SET suggestion = '{\"sampler\": \"tpe\"}' WHERE number = 4").await;
    change("UPDATE runs SET params = '{\"learning_rate\": 0.003}' WHERE number = 20").await;
    let replay = of_study(coordinator.pool(), "study").await.unwrap();
    assert_eq!((replay.same, replay.differ, replay.unknown), (17, 1, 2), "{replay:#?}");
    let of = |number: usize| &replay.suggestions[number - 1];
    assert_eq!(of(3).verdict, ReplayVerdict::OtherVersion);
    let sentence = of(3).explanation.as_deref().unwrap();
    assert!(sentence.starts_with("made by tpe version 0; this program has tpe version"), "{sentence}");
    assert_eq!(of(4).verdict, ReplayVerdict::Unreadable);
    assert_eq!(of(20).verdict, ReplayVerdict::Differs);
    let sentence = of(20).explanation.as_deref().unwrap();
    assert!(sentence.starts_with("other learning_rate; computed now: {"), "{sentence}");
}

fn wanted(key: &str, rate: f64) -> Enqueue {
    let params = ParamValues::from([("learning_rate".to_owned(), Scalar::Float(rate))]);
    Enqueue { key: key.to_owned(), params }
}

/// Complaint 8 (optuna 2925, 982): thirty processes that give the same trials run each of them thirty times.
#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn complaint_08_a_configuration_given_by_thirty_at_once_is_tried_once(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    let worker = coordinator.worker(1).await;
    let study = coordinator.create(study_spec("study", 3, 1)).await;
    let enqueue = |wanted: Enqueue| {
        let studies = coordinator.studies();
        async move { study::enqueue(studies, "study", &wanted).await }
    };
    for queued in futures::future::join_all((0..30).map(|_| enqueue(wanted("a", 2e-3)))).await {
        let queued = queued.unwrap();
        assert_eq!((queued.key.as_str(), queued.number), ("a", None));
    }
    enqueue(wanted("b", 3e-3)).await.unwrap();
    assert!(is_code(enqueue(wanted("a", 9e-3)).await, ErrorCode::Conflict));
    let full = message(enqueue(wanted("c", 4e-3)).await);
    assert_eq!(full, "all 3 trials of \"study\" are taken: 1 proposed, 2 enqueued");
    let outside = message(enqueue(wanted("d", 4.0)).await);
    assert_eq!(outside, "params: learning_rate: 4 is outside its domain: 1e-5 to 0.01");
    for value in [0.1, 0.2, 0.3] {
        let grant = coordinator.claim(&worker).await.unwrap();
        coordinator.complete(&grant, value).await;
    }
    assert_eq!(enqueue(wanted("a", 2e-3)).await.unwrap().number, Some(2));
    let rates: Vec<_> =
        coordinator.runs(&study).await.iter().map(|r| r.params["learning_rate"].clone()).collect();
    assert_eq!(rates[1..3], [Scalar::Float(2e-3), Scalar::Float(3e-3)]);
    assert_eq!(coordinator.study("study").await.state, StudyState::Finishing);
    let replay = of_study(coordinator.pool(), "study").await.unwrap();
    assert_eq!((replay.same, replay.given), (1, 2));
    assert!(is_code(enqueue(wanted("e", 2e-3)).await, ErrorCode::Conflict));
}

/// Completes a study's search one trial at a time; the nearer to `optimum`, the better.
async fn climb(coordinator: &Coordinator, worker: &Worker, name: &str, optimum: f64) {
    while coordinator.study(name).await.state == StudyState::Searching {
        let grant = coordinator.claim(worker).await.unwrap();
        let rate = grant.work.job().params["learning_rate"].as_f64().unwrap();
        coordinator.complete(&grant, 1.0 / (1.0 + (rate.log10() - optimum).abs())).await;
    }
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn a_finished_sibling_gives_its_best_configurations_and_is_recorded(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    coordinator.add_backbone("other").await.unwrap();
    let worker = coordinator.worker(1).await;
    let donor = StudySpec { backbone: "other".into(), method: Method::Tpe, ..study_spec("donor", 12, 1) };
    let donor = coordinator.create(donor).await;
    climb(&coordinator, &worker, "donor", -3.0).await;
    coordinator.finish(&worker, 0.7, 0.6).await;
    let best = coordinator.study("donor").await.best.unwrap().params;

    let spec = |name, transfer| StudySpec { transfer, method: Method::Tpe, ..study_spec(name, 12, 2) };
    let cold = coordinator.create(spec("cold", Transfer::Off)).await;
    let warm = coordinator.create(spec("warm", Transfer::Siblings)).await;
    assert_ne!(coordinator.runs(&cold).await[0].params, best);
    let first = &coordinator.runs(&warm).await[0];
    assert_eq!(first.params, best);
    let record = coordinator.training(first.id).await.suggestion.unwrap();
    let transfer = record.suggested().unwrap().transfer.as_ref().unwrap();
    assert_eq!(transfer.donors[0].study, donor.spec.name);
    assert_eq!(transfer.origin.as_ref().unwrap().how, "best");
    study::cancel(coordinator.studies(), "cold").await.unwrap();
    climb(&coordinator, &worker, "warm", -3.0).await;
    let replay = of_study(coordinator.pool(), "warm").await.unwrap();
    assert_eq!((replay.same, replay.suggestions.len()), (12, 12), "{replay:#?}");
}
