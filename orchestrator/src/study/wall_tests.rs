//! A panic in one study's computation ends that study with a sentence; every other study goes on.

use pedigree_protocol::lease::{AttemptWrite, Directive, WriteOutcome};
use pedigree_protocol::pruner::{Pruner, Watch};
use pedigree_protocol::run::RunState;
use pedigree_protocol::study::{StudySpec, StudyState};
use pedigree_protocol::{Domain, Method};
use serde_json::json;
use sqlx::PgPool;

use crate::study::insight;
use crate::testing::{Coordinator, completed, message, report, study_spec};
use crate::wall::{Place, plant::plant};

async fn fault(coordinator: &Coordinator, name: &str) -> (StudyState, String) {
    let study = coordinator.study(name).await;
    (study.state, study.failure.unwrap_or_default())
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn a_sampler_that_panics_ends_its_study_and_no_other(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    let worker = coordinator.worker(1).await;
    plant(Place::Proposing, "frail/2");
    coordinator.create(study_spec("frail", 3, 1)).await;
    coordinator.create(study_spec("sound", 1, 1)).await;
    let first = coordinator.claim(&worker).await.unwrap();
    assert_eq!(first.queue_name, "frail");
    coordinator.complete(&first, 0.5).await;
    let (state, why) = fault(&coordinator, "frail").await;
    assert_eq!(state, StudyState::Failed);
    assert_eq!(
        why,
        "a fault of Pedigree in proposing: planted in proposing:frail/2; the coordinator's log has its trace"
    );
    coordinator.upkeep().await;
    let next = coordinator.claim(&worker).await.unwrap();
    assert_eq!(next.queue_name, "sound");
    coordinator.complete(&next, 0.5).await;
    assert_eq!(coordinator.study("sound").await.state, StudyState::Finishing);
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn a_pruner_that_panics_ends_its_study_and_the_report_counts(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    let worker = coordinator.worker(1).await;
    let watch = Watch { startup_trials: 1, warmup_steps: 0, interval: 1 };
    let pruned = StudySpec { pruner: Pruner::Median { watch }, ..study_spec("frail", 3, 1) };
    let study = coordinator.create(pruned).await;
    plant(Place::Pruning, study.id);
    let grant = coordinator.claim(&worker).await.unwrap();
    coordinator.write(&grant, &AttemptWrite::Start).await;
    let reply = coordinator.try_write(&grant, &report(1, 0.5)).await.unwrap();
    assert_eq!(reply.outcome, WriteOutcome::Won);
    let (state, why) = fault(&coordinator, "frail").await;
    assert_eq!(state, StudyState::Failed);
    assert!(why.starts_with("a fault of Pedigree in pruning: planted"), "{why}");
    let reply = coordinator.try_write(&grant, &AttemptWrite::Renew).await.unwrap();
    assert_eq!(reply.directive, Directive::Stop);
    assert_eq!(coordinator.detail(grant.run_id).await.run.epochs, 1);
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn a_view_that_panics_is_answered_in_a_sentence_and_its_study_goes_on(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool.clone()).await;
    coordinator.create(study_spec("study", 2, 1)).await;
    plant(Place::Insight, "study");
    let said = message(insight::of_study(&pool, "study").await);
    assert!(said.starts_with("a fault of Pedigree in insight: planted"), "{said}");
    assert_eq!(coordinator.study("study").await.state, StudyState::Searching);
}

/// Until this was refused, a file could ask for it, and it may be in a database.
#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn a_stored_grid_that_nobody_can_count_is_searched_all_the_same(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool.clone()).await;
    let worker = coordinator.worker(1).await;
    let spec = StudySpec { method: Method::GridSearch, ..study_spec("grid", 4, 1) };
    let domain = Domain::Float { min: 1e-4, max: 1.0, log: false, step: Some(1e-300) };
    let refused = StudySpec {
        parameters: serde_json::from_value(json!([{"name": "learning_rate", "domain": domain}])).unwrap(),
        ..spec.clone()
    };
    let refused = crate::study::create(coordinator.studies(), refused, None).await;
    let refused = message(refused);
    assert!(refused.starts_with("parameters.learning_rate: step 1e-300 divides 0.0001 .. 1"), "{refused}");
    coordinator.create(spec).await;
    let stored = "UPDATE studies SET spec = jsonb_set(spec, '{parameters,0,domain}', $1)";
    sqlx::query(stored).bind(json!(domain)).execute(&pool).await.unwrap();
    while coordinator.study("grid").await.state == StudyState::Searching {
        let grant = coordinator.claim(&worker).await.unwrap();
        coordinator.write(&grant, &completed(0.5)).await;
    }
    let study = coordinator.study("grid").await;
    assert_eq!((study.state, study.trials.completed), (StudyState::Finishing, 4));
    let runs = coordinator.runs(&study).await;
    assert!(runs.iter().all(|run| run.state != RunState::Failed));
}
