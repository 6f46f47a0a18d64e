use pedigree_protocol::artifact::{ArtifactFile, Sha256};
use pedigree_protocol::lease::AttemptWrite;
use pedigree_protocol::upkeep::{Level, Retention};
use sqlx::PgPool;

use super::{diagnosis, retention};
use crate::testing::{Coordinator, TRAIN, completed, report, sha256, study_spec};
use crate::{artifact, reconcile, study};

const LONG_AGO: &str = "UPDATE studies SET ended_at = now() - interval '40 days';
                        UPDATE artifacts SET created_at = now() - interval '50 days', wanted_at = now() - interval '50 days'";

/// A completed study of three trials, each with a log, ended long ago.
async fn ended_study(pool: PgPool) -> Coordinator {
    let coordinator = Coordinator::with_content(pool).await;
    let worker = coordinator.worker(1).await;
    coordinator.create(study_spec("study", 3, 1)).await;
    for value in [0.4, 0.9, 0.5, 0.9] {
        let grant = coordinator.claim(&worker).await.unwrap();
        coordinator.write(&grant, &AttemptWrite::Log { offset: 0, text: "epoch 1\n".into() }).await;
        coordinator.complete(&grant, value).await;
    }
    coordinator.test(&coordinator.claim(&worker).await.unwrap(), 0.8).await;
    sqlx::raw_sql(LONG_AGO).execute(coordinator.pool()).await.unwrap();
    coordinator
}

/// Lets two days pass in which nobody asks for the content.
async fn forget(coordinator: &Coordinator, sha256: &Sha256) {
    let aged =
        "UPDATE artifacts SET created_at = now() - interval '2 days', wanted_at = now() - interval '2 days'
                WHERE sha256 = $1";
    sqlx::query(aged).bind(sha256.as_str()).execute(coordinator.pool()).await.unwrap();
}

async fn logs(coordinator: &Coordinator) -> Vec<Option<i32>> {
    let kept = "SELECT DISTINCT r.number FROM log_slices l JOIN runs r ON r.id = l.run_id ORDER BY r.number";
    sqlx::query_scalar(kept).fetch_all(coordinator.pool()).await.unwrap()
}

/// Complaint 28 (determined 7523, 5063, 2222): the wrong files are removed, and sizes count what is gone already.
#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn complaint_28_a_dry_run_says_what_the_run_does_and_the_best_and_the_final_run_stay(pool: PgPool) {
    let coordinator = ended_study(pool).await;
    // Content that nothing names.
    let orphan = coordinator.put(b"nobody's", false).await.unwrap();
    forget(&coordinator, &orphan).await;
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
    for days in [41, u32::MAX] {
        let wanted = Retention { days, keep_best: 0, dry_run: false };
        let done = retention::make_room(&coordinator.app, &wanted).await.unwrap();
        assert!(done.studies.is_empty() && done.contents == 0, "{done:?}");
    }
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

/// Complaint 2 (optuna 1532): trials of workers that are gone stay running, pile up, and nothing clears them away.
#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn complaint_02_what_a_vanished_fleet_held_is_cleared_away_and_shown_until_then(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool).await;
    coordinator.create(study_spec("study", 12, 12)).await;
    let (gone, new) = (coordinator.worker(12).await, coordinator.worker(12).await);
    for device in 0..12 {
        let grant = coordinator.claim_on(&gone, device).await.unwrap();
        coordinator.write(&grant, &AttemptWrite::Start).await;
    }
    let late = "UPDATE attempts SET lease_expires_at = now() - interval '10 s'";
    sqlx::query(late).execute(coordinator.pool()).await.unwrap();
    let leases = async || {
        let findings = diagnosis::of(coordinator.pool()).await.unwrap().findings;
        findings.into_iter().find(|finding| finding.check == "leases").unwrap()
    };
    let seen = leases().await;
    assert!(seen.level == Level::Failure && seen.finding.starts_with("12 ran out"), "{seen:?}");
    reconcile::pass(coordinator.studies(), &coordinator.app.store).await.unwrap();
    assert_eq!(leases().await.level, Level::Ok);
    let trials = coordinator.study("study").await.trials;
    assert_eq!((trials.waiting, trials.leased, trials.running), (12, 0, 0));
    for device in 0..12 {
        assert_eq!(coordinator.claim_on(&new, device).await.unwrap().attempt.0, 2);
    }
}

/// Trials that leave an adapter each; the worse one also leaves what the best has left.
async fn with_adapters(pool: PgPool) -> (Coordinator, [Sha256; 3]) {
    let coordinator = Coordinator::with_content(pool).await;
    let worker = coordinator.worker(1).await;
    coordinator.create(study_spec("study", 3, 1)).await;
    let mut stored = Vec::new();
    for content in [b"good", b"best", b"poor"] {
        stored.push(coordinator.put(content, false).await.unwrap());
    }
    let [good, best, poor]: [Sha256; 3] = stored.try_into().unwrap();
    for (value, left) in [(0.6, vec![&good]), (0.9, vec![&best]), (0.1, vec![&poor, &best])] {
        let grant = coordinator.claim(&worker).await.unwrap();
        coordinator.write(&grant, &AttemptWrite::Start).await;
        let file = |(at, sha256): (usize, &&Sha256)| ArtifactFile {
            name: format!("adapter/{at}"),
            sha256: (*sha256).clone(),
            bytes: 4,
        };
        let AttemptWrite::End { end, .. } = completed(value) else { unreachable!() };
        let artifacts = left.iter().enumerate().map(file).collect();
        coordinator.write(&grant, &AttemptWrite::End { end, artifacts, energy: None }).await;
    }
    study::cancel(coordinator.studies(), "study").await.unwrap();
    sqlx::raw_sql(LONG_AGO).execute(coordinator.pool()).await.unwrap();
    (coordinator, [good, best, poor])
}

/// Complaint 24 (ray 4287, 9865, 26038, 31613): what trials leave fills the disk; the number to keep is one per trial,
/// and 0 keeps all.
#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn complaint_24_of_a_whole_study_the_best_keep_their_files_and_zero_keeps_none(pool: PgPool) {
    let (coordinator, [good, best, poor]) = with_adapters(pool).await;
    let there = async |sha256| artifact::read(&coordinator.app, sha256).await.is_ok();
    for (keep_best, left) in [(2, [true, true, false]), (1, [false, true, false]), (0, [false, false, false])]
    {
        let wanted = Retention { days: 30, keep_best, dry_run: false };
        let removed = retention::make_room(&coordinator.app, &wanted).await.unwrap();
        assert_eq!((removed.contents, removed.content_bytes), (1, 4));
        assert_eq!(
            [there(&good).await, there(&best).await, there(&poor).await],
            left,
            "{keep_best} are kept"
        );
    }
    let corpus = artifact::read(&coordinator.app, &sha256(TRAIN)).await.unwrap();
    assert_eq!(corpus, TRAIN, "what a dataset names stays");
}
