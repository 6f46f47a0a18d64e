use std::fs::File;
use std::path::Path;
use std::time::{Duration, SystemTime};

use pedigree_protocol::ErrorCode;
use pedigree_protocol::artifact::Sha256;
use sqlx::PgPool;

use crate::artifact;
use crate::testing::{Coordinator, TEST, TRAIN, is_code, sha256};

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn sealed_content_is_not_served_and_stays_sealed(pool: PgPool) {
    let coordinator = Coordinator::new(pool);
    let sent = coordinator.put(TEST, true).await.unwrap();
    assert!(is_code(artifact::serve(&coordinator.app, &sent).await, ErrorCode::Sealed));
    coordinator.add_dataset("corpus").await.unwrap();
    assert!(is_code(coordinator.put(TEST, false).await, ErrorCode::Conflict));
    coordinator.put(TEST, true).await.unwrap();
    assert!(is_code(artifact::serve(&coordinator.app, &sent).await, ErrorCode::Sealed));
    assert_eq!(artifact::read(&coordinator.app, &sent).await.unwrap(), TEST);
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn readable_content_becomes_sealed_unless_trials_read_it(pool: PgPool) {
    let coordinator = Coordinator::new(pool);
    let sha256 = coordinator.put(b"free", false).await.unwrap();
    coordinator.put(b"free", true).await.unwrap();
    assert!(is_code(artifact::serve(&coordinator.app, &sha256).await, ErrorCode::Sealed));
    coordinator.add_dataset("corpus").await.unwrap();
    assert!(is_code(coordinator.put(TRAIN, true).await, ErrorCode::Conflict));
    artifact::serve(&coordinator.app, &crate::testing::sha256(TRAIN)).await.unwrap();
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn content_with_another_hash_or_a_broken_upload_leaves_nothing(pool: PgPool) {
    let coordinator = Coordinator::new(pool);
    let wanted = sha256(b"wanted");
    let body = || futures::stream::iter([Ok::<_, std::io::Error>(bytes::Bytes::from_static(b"other"))]);
    let wrong = artifact::receive(&coordinator.app, &wanted, false, body()).await;
    assert!(is_code(wrong, ErrorCode::Invalid));
    let cut = futures::stream::iter([
        Ok(bytes::Bytes::from_static(b"wan")),
        Err(std::io::Error::other("connection reset")),
    ]);
    let cut = artifact::receive(&coordinator.app, &wanted, false, cut).await;
    assert!(is_code(cut, ErrorCode::Invalid));
    assert!(is_code(artifact::serve(&coordinator.app, &wanted).await, ErrorCode::NotFound));
}

/// Makes a file one of long ago.
fn age(file: &Path) {
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_hours(24 * 365);
    File::options().write(true).open(file).unwrap().set_modified(long_ago).unwrap();
}

/// Bytes whose record has gone, as a coordinator leaves them that is killed while it makes room.
async fn left_behind(coordinator: &Coordinator, content: &'static [u8]) -> Sha256 {
    let sha256 = coordinator.put(content, false).await.unwrap();
    let forget = sqlx::query("DELETE FROM artifacts WHERE sha256 = $1").bind(sha256.as_str());
    forget.execute(coordinator.pool()).await.unwrap();
    age(&coordinator.file_of(&sha256));
    sha256
}

async fn sweep(coordinator: &Coordinator) -> usize {
    let app = &coordinator.app;
    artifact::sweep(&app.pool, &app.durable, &app.store).await.unwrap()
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn bytes_that_nothing_records_are_swept_and_no_others(pool: PgPool) {
    let coordinator = Coordinator::new(pool);
    let left = left_behind(&coordinator, b"left behind").await;
    let recorded = coordinator.put(b"recorded", false).await.unwrap();
    age(&coordinator.file_of(&recorded));
    let young = left_behind(&coordinator, b"young").await;
    std::fs::write(coordinator.file_of(&young), b"young").unwrap();
    let foreign = coordinator.file_of(&left).with_file_name("notes.txt");
    std::fs::write(&foreign, b"by hand").unwrap();
    age(&foreign);
    assert_eq!(sweep(&coordinator).await, 1);
    assert!(!coordinator.file_of(&left).exists());
    assert!(foreign.exists() && coordinator.file_of(&young).exists());
    assert_eq!(artifact::read(&coordinator.app, &recorded).await.unwrap(), b"recorded".as_slice());
    assert_eq!(sweep(&coordinator).await, 0, "nothing is left to sweep");
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn an_upload_that_meets_a_sweep_keeps_its_content(pool: PgPool) {
    let coordinator = Coordinator::new(pool);
    let sha256 = left_behind(&coordinator, b"again").await;
    // An upload that has taken the lock and is about to record the content: the sweep, which has seen none, waits.
    let mut recording = crate::db::begin(coordinator.pool()).await.unwrap();
    artifact::sql::hold(&mut recording, &sha256).await.unwrap();
    let recorded = async {
        let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        while sqlx::query_scalar::<_, i64>(waits).fetch_one(coordinator.pool()).await.unwrap() == 0 {
            tokio::task::yield_now().await;
        }
        let insert =
            sqlx::query("INSERT INTO artifacts (sha256, bytes) VALUES ($1, 5)").bind(sha256.as_str());
        insert.execute(&mut *recording).await.unwrap();
        recording.commit().await.unwrap();
    };
    let (swept, ()) = tokio::join!(sweep(&coordinator), recorded);
    assert_eq!(swept, 0);
    assert!(coordinator.file_of(&sha256).exists());
    // Whichever comes first, what was answered as stored is there.
    for _ in 0..20 {
        left_behind(&coordinator, b"again").await;
        let (_, stored) = tokio::join!(sweep(&coordinator), coordinator.put(b"again", false));
        stored.unwrap();
        assert_eq!(artifact::read(&coordinator.app, &sha256).await.unwrap(), b"again".as_slice());
    }
}
