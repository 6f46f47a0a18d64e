//! The step from the release before: its database is migrated, and what was in it goes on.

use std::collections::BTreeMap;

use pedigree_protocol::lease::{AttemptWrite, Work, WriteOutcome};
use pedigree_protocol::page::PageQuery;
use pedigree_protocol::run::RunState;
use pedigree_protocol::study::{StudyFilter, StudyState};
use pedigree_protocol::{Attempt, RunId, Scalar};
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use crate::db::MIGRATOR;
use crate::testing::{Coordinator, Worker, completed};
use crate::{dapt, lease, run, study};

/// The last migration of the release before.
const BEFORE: i64 = 64;

/// An id of the old data, which end with the numbers in the file.
fn id(number: u32) -> Uuid {
    format!("019a0000-0000-7000-8000-{number:012}").parse().unwrap()
}

/// A database of the release before, with data, migrated.
async fn upgraded(pool: &PgPool) {
    MIGRATOR.run_to(BEFORE, pool).await.unwrap();
    sqlx::raw_sql(include_str!("upgrade_from_0064.sql")).execute(pool).await.unwrap();
    MIGRATOR.run(pool).await.unwrap();
}

async fn document(pool: &PgPool, query: &'static str) -> Value {
    sqlx::query_scalar(query).fetch_one(pool).await.unwrap()
}

#[sqlx::test(migrations = false)]
async fn every_study_and_pretraining_has_its_entry_of_the_queue(pool: PgPool) {
    upgraded(&pool).await;
    let entries =
        "SELECT jsonb_object_agg(name, jsonb_build_array(open, priority, owner, max_concurrent, walltime_s,
        retries, lost_retries, total_retries)) FROM queue";
    // What a specification does not say has its default.
    let expected = json!({
        "searching": [true, 5, "alice", 3, 3600, 1, 7, 4],
        "finished": [false, 0, null, 1, null, 1, 20, 10],
        "adapting": [true, 0, "alice", 1, null, 2, 20, 10],
        "adapted": [false, -3, null, 1, null, 0, 20, 10],
        "held": [true, 0, null, 1, null, 1, 2_147_483_647, 2_147_483_647],
        "broken": [false, 0, null, 1, null, 1, 20, 10],
        "unwanted": [false, 0, null, 1, null, 2, 20, 10],
        "unable": [false, 0, null, 1, null, 2, 20, 10],
    });
    assert_eq!(document(&pool, entries).await, expected);
    let work = document(&pool, "SELECT jsonb_object_agg(name, work) FROM queue").await;
    let hash = |digit: &str| digit.repeat(64);
    assert_eq!(work["adapting"], json!({"kind": "adapt", "passages": hash("5"), "held_out": hash("6")}));
    let train = &work["searching"];
    assert_eq!(
        [&train["kind"], &train["fixed"], &train["train"], &train["dev"], &train["metric"]["protocol"]],
        [&json!("train"), &json!({"epochs": 2}), &json!(hash("1")), &json!(hash("2")), &json!("strict")]
    );
    let pretrainings = "SELECT jsonb_agg(spec ->> 'name' ORDER BY spec ->> 'name') FROM pretrainings";
    assert_eq!(document(&pool, pretrainings).await, json!(["adapted", "adapting", "unable", "unwanted"]));
    let studies = "SELECT jsonb_agg(spec ->> 'name' ORDER BY spec ->> 'name') FROM studies";
    assert_eq!(document(&pool, studies).await, json!(["broken", "finished", "held", "searching"]));
    let nullable = "SELECT to_jsonb(is_nullable) FROM information_schema.columns
        WHERE table_name = 'studies' AND column_name = 'dataset_id'";
    assert_eq!(document(&pool, nullable).await, json!("NO"));
    let runs = "SELECT jsonb_object_agg(q.name, of.runs) FROM queue q
        JOIN (SELECT queue_id, count(*) AS runs FROM runs GROUP BY queue_id) of ON of.queue_id = q.id";
    let expected = json!({"searching": 5, "finished": 2, "adapting": 1, "adapted": 1, "held": 2, "broken": 1, "unwanted": 1, "unable": 1});
    let retried = document(&pool, "SELECT jsonb_agg(name) FROM queue WHERE retried").await;
    assert_eq!(retried, json!(["held"]), "more of its runs are open than may be live");
    let held = document(&pool, "SELECT to_jsonb(hold) FROM queue WHERE name = 'held'").await;
    assert_eq!(held, json!("now"));
    assert_eq!(document(&pool, runs).await, expected);
    let lost = "SELECT to_jsonb(count(*)) FROM events WHERE topic = 'run' AND queue_id IS NULL";
    assert_eq!(document(&pool, lost).await, json!(0), "an event of a run names what the run belongs to");
}

#[sqlx::test(migrations = false)]
async fn what_waits_is_given_out_and_what_trains_is_taken(pool: PgPool) {
    upgraded(&pool).await;
    let coordinator = Coordinator::new(pool.clone());
    let worker = coordinator.worker(2).await;
    let trial = coordinator.claim_on(&worker, 0).await.unwrap();
    assert_eq!(
        (trial.queue_name.as_str(), trial.run_id, trial.number),
        ("searching", RunId(id(25)), Some(5))
    );
    let Work::Train { job, .. } = &trial.work else { panic!("{trial:?}") };
    assert_eq!(job.params.keys().collect::<Vec<_>>(), ["epochs", "learning_rate"]);
    let pretraining = coordinator.claim_on(&worker, 1).await.unwrap();
    assert_eq!((pretraining.queue_name.as_str(), pretraining.run_id), ("adapting", RunId(id(41))));
    assert!(matches!(pretraining.work, Work::Adapt { .. }), "{pretraining:?}");

    // The worker of the release before holds its lease still, and its result counts.
    let told =
        lease::write::apply(&coordinator.app, RunId(id(24)), Attempt(2), &AttemptWrite::Renew).await.unwrap();
    assert_eq!(told.outcome, WriteOutcome::Won);
    let end = completed(0.75);
    let told = lease::write::apply(&coordinator.app, RunId(id(24)), Attempt(2), &end).await.unwrap();
    assert_eq!(told.outcome, WriteOutcome::Won);
    let found = study::view::get(&pool, "searching").await.unwrap();
    assert_eq!(found.best.map(|best| (best.number, best.value)), Some((4, 0.75)));

    // The search goes on, with the configuration that a user had enqueued.
    coordinator.upkeep().await;
    let next = Worker { id: worker.id, devices: vec!["CPU-next".into()] };
    let offered = "INSERT INTO devices (worker_id, uuid, position, kind, name) VALUES ($1, 'CPU-next', 2, 'cpu', 'CPU')";
    sqlx::query(offered).bind(next.id.0).execute(&pool).await.unwrap();
    let sixth = coordinator.claim(&next).await.unwrap();
    assert_eq!(
        (sixth.number, sixth.work.job().params["learning_rate"].clone()),
        (Some(6), Scalar::Float(0.002))
    );
}

#[sqlx::test(migrations = false)]
async fn the_views_show_what_was_there(pool: PgPool) {
    upgraded(&pool).await;
    let studies =
        study::view::list(&pool, &PageQuery::default(), &StudyFilter::default()).await.unwrap().items;
    let states: BTreeMap<&str, StudyState> =
        studies.iter().map(|study| (study.spec.name.as_str(), study.state)).collect();
    let expected = [
        ("broken", StudyState::Failed),
        ("finished", StudyState::Completed),
        ("held", StudyState::Searching),
        ("searching", StudyState::Searching),
    ];
    assert_eq!(states, expected.into());
    let finished = studies.iter().find(|study| study.spec.name == "finished").unwrap();
    assert!(
        finished.seal.as_ref().is_some_and(|seal| seal.results[0].run_id == finished.finals[0].run_id),
        "{finished:?}"
    );

    let pretrainings = dapt::view::list(&pool, &PageQuery::default()).await.unwrap().items;
    let shown: Vec<_> = pretrainings
        .iter()
        .map(|dapt| (dapt.spec.name.as_str(), dapt.run.state, dapt.priority, dapt.adapter.len()))
        .collect();
    let expected = [
        ("unable", RunState::Failed, 0, 0),
        ("unwanted", RunState::Cancelled, 0, 0),
        ("adapted", RunState::Completed, -3, 2),
        ("adapting", RunState::Waiting, 0, 0),
    ];
    assert_eq!(shown, expected);
    assert_eq!(pretrainings[2].summary.as_ref().unwrap().after.pseudo_perplexity, 12.0);

    for (number, attempts, reports) in [(21, 1, 1), (22, 1, 1), (24, 2, 1), (25, 0, 0), (32, 1, 1)] {
        let detail = run::view::detail(&pool, RunId(id(number))).await.unwrap();
        let own = detail.training().unwrap();
        assert_eq!((detail.attempts.len(), own.reports.len()), (attempts, reports), "{number}");
    }
    let first = run::view::detail(&pool, RunId(id(21))).await.unwrap();
    assert!(first.training().unwrap().suggestion.as_ref().unwrap().suggested().is_some(), "{first:?}");
    let pretraining = run::view::detail(&pool, RunId(id(51))).await.unwrap();
    assert_eq!(pretraining.pretraining().unwrap().reports.len(), 1);
}
