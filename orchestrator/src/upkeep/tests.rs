use pedigree_protocol::lease::AttemptWrite;
use pedigree_protocol::upkeep::{Level, Retention};
use sqlx::PgPool;

use super::{diagnosis, retention};
use crate::testing::{Coordinator, report, study_spec, test_scores};

/// A completed study of three trials, each with a log, ended long ago.
async fn ended_study(pool: PgPool) -> Coordinator {
    let coordinator = Coordinator::with_content(pool).await;
    let worker = coordinator.worker(1).await;
    coordinator.create(study_spec("study", 3, 1)).await;
    for value in [Some(0.4), Some(0.9), Some(0.5), None] {
        let grant = coordinator.claim(&worker).await.unwrap();
        coordinator.write(&grant, &AttemptWrite::Log { offset: 0, text: "epoch 1\n".into() }).await;
        match value {
            Some(value) => coordinator.complete(&grant, value, None).await,
            None => {
                crate::seal::open_test(&coordinator.app, grant.run_id, grant.attempt).await.unwrap();
                coordinator.complete(&grant, 0.9, Some(test_scores(0.8))).await;
            }
        }
    }
    let old = "UPDATE studies SET ended_at = now() - interval '40 days'; UPDATE artifacts SET created_at = now() - interval '50 days'";
    sqlx::raw_sql(old).execute(coordinator.pool()).await.unwrap();
    coordinator
}

async fn logs(coordinator: &Coordinator) -> Vec<Option<i32>> {
    let kept = "SELECT DISTINCT r.number FROM log_slices l JOIN runs r ON r.id = l.run_id ORDER BY r.number";
    sqlx::query_scalar(kept).fetch_all(coordinator.pool()).await.unwrap()
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn a_dry_run_says_what_the_run_does_and_the_best_and_the_final_run_stay(pool: PgPool) {
    let coordinator = ended_study(pool).await;
    // Content that nothing names.
    let orphan = coordinator.put(b"nobody's", false).await.unwrap();
    let aged = "UPDATE artifacts SET created_at = now() - interval '2 days' WHERE sha256 = $1";
    sqlx::query(aged).bind(orphan.as_str()).execute(coordinator.pool()).await.unwrap();
    let young = coordinator.put(b"on its way", false).await.unwrap();
    let wanted = Retention { days: 30, keep_best: 1, dry_run: true };
    let told = retention::make_room(&coordinator.app, &wanted).await.unwrap();
    assert_eq!((told.contents, told.content_bytes), (1, 8));
    assert_eq!((told.studies[0].trials, told.studies[0].log_bytes), (2, 16));
    assert_eq!(logs(&coordinator).await, [Some(1), Some(2), Some(3), None], "a dry run removes nothing");
    let wanted = Retention { dry_run: false, ..wanted };
    let done = retention::make_room(&coordinator.app, &wanted).await.unwrap();
    assert_eq!((&done.studies, done.contents), (&told.studies, told.contents));
    // Trial 2 is the best.
    assert_eq!(logs(&coordinator).await, [Some(2), None]);
    assert!(crate::artifact::serve(&coordinator.app, &orphan).await.is_err());
    assert!(crate::artifact::serve(&coordinator.app, &young).await.is_ok());
    assert!(retention::make_room(&coordinator.app, &wanted).await.unwrap().studies.is_empty());
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn nothing_of_a_study_that_is_open_or_ended_lately_is_removed(pool: PgPool) {
    let coordinator = ended_study(pool).await;
    let wanted = Retention { days: 41, keep_best: 0, dry_run: false };
    let done = retention::make_room(&coordinator.app, &wanted).await.unwrap();
    assert!(done.studies.is_empty() && done.contents == 0, "{done:?}");
    assert_eq!(logs(&coordinator).await.len(), 4);
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn the_doctor_finds_leases_that_outlived_their_end_and_work_without_workers(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    let level = async |check: &str| {
        let found = diagnosis::of(coordinator.pool()).await.unwrap().findings;
        let finding = found.into_iter().find(|finding| finding.check == check).unwrap();
        assert_eq!(finding.fix.is_none(), finding.level == Level::Ok, "{finding:?}");
        finding.level
    };
    assert_eq!(level("migrations").await, Level::Ok);
    assert_eq!(level("database").await, Level::Ok);
    coordinator.create(study_spec("study", 2, 2)).await;
    assert_eq!(level("workers").await, Level::Warning);
    let worker = coordinator.worker(1).await;
    assert_eq!(level("workers").await, Level::Ok);
    let grant = coordinator.claim(&worker).await.unwrap();
    coordinator.write(&grant, &report(1, 0.5)).await;
    assert_eq!(level("leases").await, Level::Ok);
    let late = "UPDATE attempts SET lease_expires_at = now() - interval '10 s'";
    sqlx::query(late).execute(coordinator.pool()).await.unwrap();
    assert_eq!(level("leases").await, Level::Failure);
    sqlx::query("DELETE FROM _sqlx_migrations WHERE version = 1").execute(coordinator.pool()).await.unwrap();
    assert_eq!(level("migrations").await, Level::Failure);
}
