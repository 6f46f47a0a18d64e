//! Two coordinators on one database, and what workers notice of their comings and goings. Tests whose names begin with
//! `complaint_` answer that complaint about other systems (docs/reliability.md).

use std::time::Duration;

use pedigree_tests::chaos::{
    Arena, Breakage, Fault, Rules, StudySize, Template, checker, create_study, register_content,
};
use pedigree_tests::wait_for;
use sqlx::PgConnection;

const LIMIT: Duration = Duration::from_secs(60);
const NOTHING: Vec<String> = Vec::new();

/// Two coordinators and two workers with a study at work.
async fn at_work(rules: Rules, size: StudySize) -> Arena {
    let mut arena = Arena::start(&Template::make().unwrap(), rules).await.unwrap();
    arena.until_ready().await.unwrap();
    checker::watch(&mut arena.database().await.unwrap()).await.unwrap();
    register_content(&arena.client(0)).await.unwrap();
    arena.start_workers(rules).await.unwrap();
    create_study(&arena.client(0), "study", size).await.unwrap();
    until(&arena, "a report", "SELECT EXISTS (SELECT 1 FROM reports)").await;
    arena
}

/// Waits until a question to the database is answered with yes.
async fn until(arena: &Arena, what: &str, question: &'static str) {
    let look = || async {
        let mut db = arena.database().await.map_err(|error| error.to_string())?;
        sqlx::query_scalar::<_, bool>(question).fetch_one(&mut db).await.map_err(|error| error.to_string())
    };
    let what =
        format!("{what}\n{}", if arena.path("worker-0.log").exists() { arena.logs() } else { String::new() });
    wait_for(&what, LIMIT, look, |seen| *seen == Ok(true)).await.unwrap();
}

/// Waits for the study's end; every invariant holds and no process has died unasked.
async fn finishes(arena: &mut Arena) -> PgConnection {
    until(arena, "the study's end", "SELECT bool_and(ended_at IS NOT NULL) FROM studies").await;
    until(arena, "the last attempt's end", "SELECT bool_and(ended_at IS NOT NULL) FROM attempts").await;
    let mut db = arena.database().await.unwrap();
    assert_eq!(checker::violations(&mut db).await.unwrap(), NOTHING, "{}", arena.logs());
    assert_eq!(arena.ended_by_themselves().unwrap(), NOTHING, "{}", arena.logs());
    db
}

async fn ask<T>(db: &mut PgConnection, question: &'static str) -> T
where
    T: Send + Unpin + for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
{
    sqlx::query_scalar(question).fetch_one(db).await.unwrap()
}

const MOST_ATTEMPTS: &str = "SELECT max(attempt) FROM attempts";

/// Complaint 6 (optuna 4621): coordinators that start at once break the database that they make.
#[tokio::test]
async fn complaint_06_two_coordinators_migrate_one_database_and_create_one_study() {
    let mut arena = Arena::start(&Template::make().unwrap(), Rules::default()).await.unwrap();
    arena.until_ready().await.unwrap();
    let mut db = arena.database().await.unwrap();
    let files = std::fs::read_dir(pedigree_tests::workspace_root().join("migrations")).unwrap();
    let files = files.filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|e| e == "sql"));
    let applied: i64 = ask(&mut db, "SELECT count(*) FROM _sqlx_migrations WHERE success").await;
    assert_eq!(applied, i64::try_from(files.count()).unwrap());
    assert_eq!(arena.ended_by_themselves().unwrap(), NOTHING, "{}", arena.logs());
    // Created twice at once, through both of them, a study is one.
    register_content(&arena.client(0)).await.unwrap();
    let (one, other) = (arena.client(0), arena.client(1));
    let size = StudySize::default();
    let (a, b) = tokio::join!(create_study(&one, "study", size), create_study(&other, "study", size));
    a.unwrap();
    b.unwrap();
    assert_eq!(ask::<i64>(&mut db, "SELECT count(*) FROM studies").await, 1);
    assert_eq!(ask::<i64>(&mut db, "SELECT count(*) FROM runs").await, 3);
}

/// Complaint 1 (optuna 485): what was killed stays running.
#[tokio::test]
async fn complaint_01_what_a_killed_coordinator_and_a_killed_worker_held_does_not_stay_running() {
    let mut arena = at_work(Rules::default(), StudySize::default()).await;
    Fault::KillCoordinator(0).begin(&mut arena).unwrap();
    Fault::KillWorker(0).begin(&mut arena).unwrap();
    // Neither comes back: the other two do all there is to do.
    finishes(&mut arena).await;
}

/// Complaint 3 (optuna 2908): nobody knows what became of a seized worker's trial.
#[tokio::test]
async fn complaint_03_a_seized_workers_trial_ends_as_lost_with_its_cause() {
    let mut arena = at_work(Rules { epoch_ms: 300, ..Rules::default() }, StudySize::default()).await;
    Fault::FreezeWorker(0).begin(&mut arena).unwrap();
    until(&arena, "a lost attempt", "SELECT EXISTS (SELECT 1 FROM attempts WHERE state = 'lost')").await;
    let mut db = arena.database().await.unwrap();
    let why: String =
        ask(&mut db, "SELECT DISTINCT failure_message FROM attempts WHERE state = 'lost'").await;
    assert_eq!(why, "the lease ran out");
    // It comes back, hears that its leases are lost, and works on.
    Fault::FreezeWorker(0).end(&mut arena).await.unwrap();
    finishes(&mut arena).await;
}

/// Complaint 31 (wandb 11880): a hiccup of the server is read as an order to stop.
#[tokio::test]
async fn complaint_31_an_outage_longer_than_a_lease_costs_no_attempt() {
    let rules = Rules { epoch_ms: 700, ..Rules::default() };
    let mut arena = at_work(rules, StudySize { trials: 3, ..StudySize::default() }).await;
    Fault::KillBothCoordinators.begin(&mut arena).unwrap();
    let trainers = [arena.trainers(0), arena.trainers(1)].concat();
    let question =
        "SELECT (SELECT bool_and(lease_expires_at < clock_timestamp()) FROM attempts WHERE ended_at IS NULL)
                        AND (SELECT at < clock_timestamp() - interval '2.5 s' FROM upkeep)";
    until(&arena, "the end of every lease", question).await;
    assert_eq!([arena.trainers(0), arena.trainers(1)].concat(), trainers, "nobody has stopped a trainer");
    Fault::KillBothCoordinators.end(&mut arena).await.unwrap();
    let mut db = finishes(&mut arena).await;
    assert_eq!(ask::<i32>(&mut db, MOST_ATTEMPTS).await, 1, "{}", arena.logs());
}

/// Complaint 12 (optuna 5600, 1347, 1115): a connection to the database that broke kills a trial of hours.
#[tokio::test]
async fn complaint_12_a_broken_connection_to_the_database_costs_no_attempt() {
    let rules = Rules { epoch_ms: 300, lease_ttl: 10, ..Rules::default() };
    let mut arena = at_work(rules, StudySize { trials: 3, ..StudySize::default() }).await;
    for breakage in [Breakage::Cut, Breakage::HalfOpen] {
        let faults = [Fault::BreakDatabaseLink(0, breakage), Fault::BreakDatabaseLink(1, breakage)];
        faults.iter().for_each(|fault| fault.begin(&mut arena).unwrap());
        let client = arena.client(0);
        let ready = || async { client.ready().await.is_ok() };
        wait_for("an outage", LIMIT, ready, |is_ready| !is_ready).await;
        for fault in faults {
            fault.end(&mut arena).await.unwrap();
        }
        wait_for("its end", LIMIT, ready, |is_ready| *is_ready).await;
    }
    let mut db = finishes(&mut arena).await;
    assert_eq!(ask::<i32>(&mut db, MOST_ATTEMPTS).await, 1, "{}", arena.logs());
}

/// Complaint 21 (ray 12347, 30861): after a restart, waiting trials are forgotten.
#[tokio::test]
async fn complaint_21_a_restart_of_everything_forgets_no_waiting_trial() {
    let mut arena = at_work(Rules::default(), StudySize::default()).await;
    let all = [Fault::KillWorker(0), Fault::KillWorker(1), Fault::KillBothCoordinators, Fault::KillPostgres];
    all.iter().for_each(|fault| fault.begin(&mut arena).unwrap());
    for fault in all.iter().rev() {
        fault.end(&mut arena).await.unwrap();
    }
    finishes(&mut arena).await;
}

#[tokio::test]
async fn what_a_killed_worker_had_finished_is_told_by_its_successor() {
    let rules = Rules { epoch_ms: 200, slots: 1, lease_ttl: 5, ..Rules::default() };
    let mut arena = at_work(rules, StudySize { trials: 1, ..StudySize::default() }).await;
    Fault::KillBothCoordinators.begin(&mut arena).unwrap();
    let worker = if arena.trainers(0).is_empty() { 1 } else { 0 };
    let attempts = arena.path(&format!("worker-{worker}/worker/attempts"));
    let ended = || async {
        let folders = std::fs::read_dir(&attempts).into_iter().flatten().flatten();
        folders.filter(|folder| folder.path().join("end.json").exists()).count()
    };
    wait_for("the end of the training", LIMIT, ended, |ended| *ended == 1).await;
    let restart = Fault::KillWorker(worker);
    restart.begin(&mut arena).unwrap();
    restart.end(&mut arena).await.unwrap();
    Fault::KillBothCoordinators.end(&mut arena).await.unwrap();
    let mut db = finishes(&mut arena).await;
    assert_eq!(ask::<i32>(&mut db, MOST_ATTEMPTS).await, 1, "{}", arena.logs());
}

#[tokio::test]
async fn a_rolling_restart_fails_no_request_of_a_worker() {
    let rules = Rules { epoch_ms: 150, linger: 3, ..Rules::default() };
    let mut arena = at_work(rules, StudySize { trials: 40, ..StudySize::default() }).await;
    let client = arena.client_by_link(0);
    let asking = tokio::spawn(async move {
        let mut answered = 0;
        loop {
            match client.studies().await {
                Ok(studies) if studies[0].trials.ended() < 40 => answered += 1,
                Ok(_) => return Ok(answered),
                Err(error) => return Err(error),
            }
        }
    });
    for coordinator in [0, 1] {
        Fault::RestartCoordinator(coordinator).begin(&mut arena).unwrap();
        Fault::RestartCoordinator(coordinator).end(&mut arena).await.unwrap();
        arena.until_one_is_ready(coordinator).await.unwrap();
    }
    let mut db = finishes(&mut arena).await;
    assert!(asking.await.unwrap().unwrap() > 100, "it was asked all the time");
    assert_eq!(ask::<i32>(&mut db, MOST_ATTEMPTS).await, 1, "{}", arena.logs());
    for worker in ["worker-0.log", "worker-1.log"] {
        let log = std::fs::read_to_string(arena.path(worker)).unwrap();
        for failure in ["was not answered", "no answer to a claim", "refused a claim", "was not stored"] {
            assert!(!log.contains(failure), "{worker} says {failure:?}:\n{log}");
        }
    }
}
