use pedigree_protocol::ErrorCode;
use sqlx::PgPool;

use crate::artifact;
use crate::testing::{Coordinator, TRAIN, is_code, sha256};

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn sealed_content_is_not_served_and_stays_sealed(pool: PgPool) {
    let coordinator = Coordinator::new(pool);
    let sha256 = coordinator.put(b"secret", true).await.unwrap();
    assert!(is_code(artifact::serve(&coordinator.app, &sha256).await, ErrorCode::Sealed));
    assert!(is_code(coordinator.put(b"secret", false).await, ErrorCode::Conflict));
    coordinator.put(b"secret", true).await.unwrap();
    assert!(is_code(artifact::serve(&coordinator.app, &sha256).await, ErrorCode::Sealed));
    assert_eq!(artifact::read(&coordinator.app, &sha256).await.unwrap(), "secret");
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
