//! Making room while clients send, ask for and name contents: what one of them relies on is not removed.

use pedigree_protocol::ErrorCode;
use pedigree_protocol::artifact::{ArtifactFile, Sha256};
use pedigree_protocol::upkeep::{Removed, Retention};
use sqlx::PgPool;

use super::retention;
use crate::testing::{Coordinator, backbone_spec, is_code};
use crate::{artifact, backbone};

const CONTENT: &[u8] = b"an adapter";

/// Content that nothing names and nobody has asked for in two days.
async fn abandoned(pool: PgPool) -> (Coordinator, Sha256) {
    let coordinator = Coordinator::new(pool);
    let sha256 = coordinator.put(CONTENT, false).await.unwrap();
    let aged =
        "UPDATE artifacts SET created_at = now() - interval '2 days', wanted_at = now() - interval '2 days'";
    sqlx::query(aged).execute(coordinator.pool()).await.unwrap();
    (coordinator, sha256)
}

async fn make_room(coordinator: &Coordinator) -> Removed {
    let wanted = Retention { days: 30, keep_best: 0, dry_run: false };
    retention::make_room(&coordinator.app, &wanted).await.unwrap()
}

async fn is_there(coordinator: &Coordinator, sha256: &Sha256) -> bool {
    artifact::read(&coordinator.app, sha256).await.is_ok()
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn who_was_told_that_content_is_there_finds_it_when_naming_it(pool: PgPool) {
    let (coordinator, sha256) = abandoned(pool).await;
    // The client asks, and sends nothing.
    artifact::serve(&coordinator.app, &sha256).await.unwrap();
    assert_eq!(make_room(&coordinator).await.contents, 0);
    backbone::sql::add(coordinator.pool(), backbone_spec("encoder", sha256.clone())).await.unwrap();
    assert!(is_there(&coordinator, &sha256).await);
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn content_that_is_being_named_is_passed_over_without_waiting(pool: PgPool) {
    let (coordinator, sha256) = abandoned(pool).await;
    let file = ArtifactFile { name: "config.json".into(), sha256: sha256.clone(), bytes: 10 };
    let mut naming = crate::db::begin(coordinator.pool()).await.unwrap();
    artifact::sql::check_uploaded(&mut naming, &[file]).await.unwrap();
    assert_eq!(make_room(&coordinator).await.contents, 0);
    naming.commit().await.unwrap();
    assert_eq!(make_room(&coordinator).await.contents, 0, "it was named just now");
    assert!(is_there(&coordinator, &sha256).await);
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn who_asks_for_content_that_is_just_being_removed_is_told_to_send_it(pool: PgPool) {
    let (coordinator, sha256) = abandoned(pool).await;
    let mut removing = crate::db::begin(coordinator.pool()).await.unwrap();
    sqlx::query("DELETE FROM artifacts").execute(&mut *removing).await.unwrap();
    let removed = async {
        let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        while sqlx::query_scalar::<_, i64>(waits).fetch_one(coordinator.pool()).await.unwrap() == 0 {
            tokio::task::yield_now().await;
        }
        removing.commit().await.unwrap();
    };
    let (answer, ()) = tokio::join!(artifact::serve(&coordinator.app, &sha256), removed);
    assert!(is_code(answer, ErrorCode::NotFound));
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn content_that_was_sent_again_while_its_bytes_were_to_go_stays(pool: PgPool) {
    let (coordinator, sha256) = abandoned(pool).await;
    // As far as making room has come when its transaction is on disk.
    sqlx::query("DELETE FROM artifacts").execute(coordinator.pool()).await.unwrap();
    coordinator.put(CONTENT, false).await.unwrap();
    artifact::remove(&coordinator.app.pool, &coordinator.app.store, &sha256).await.unwrap();
    assert!(is_there(&coordinator, &sha256).await);
    sqlx::query("DELETE FROM artifacts").execute(coordinator.pool()).await.unwrap();
    artifact::remove(&coordinator.app.pool, &coordinator.app.store, &sha256).await.unwrap();
    assert!(!is_there(&coordinator, &sha256).await);
}
