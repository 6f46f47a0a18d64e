use pedigree_protocol::ErrorCode;
use pedigree_protocol::page::PageQuery;
use sqlx::PgPool;

use crate::backbone::sql;
use crate::testing::{Coordinator, backbone_spec, is_code, message, sha256};

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn the_same_content_again_is_the_same_backbone(pool: PgPool) {
    let coordinator = Coordinator::new(pool);
    let first = coordinator.add_backbone("encoder").await.unwrap();
    assert_eq!(coordinator.add_backbone("encoder").await.unwrap(), first);
    let other = coordinator.put(b"other", false).await.unwrap();
    let other = sql::add(coordinator.pool(), backbone_spec("encoder", other)).await;
    assert!(is_code(other, ErrorCode::Conflict));
    assert_eq!(sql::list(coordinator.pool(), &PageQuery::default()).await.unwrap().items, [first]);
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn files_must_have_been_uploaded_and_names_must_fit(pool: PgPool) {
    let coordinator = Coordinator::new(pool);
    let missing = message(sql::add(coordinator.pool(), backbone_spec("encoder", sha256(b"none"))).await);
    assert!(missing.starts_with("the file \"config.json\" ("), "{missing}");
    let name = message(sql::add(coordinator.pool(), backbone_spec("a b", sha256(b"none"))).await);
    assert!(name.starts_with("\"a b\" cannot name a backbone"), "{name}");
    let unknown = message(sql::get(coordinator.pool(), "none").await);
    assert_eq!(unknown, "there is no backbone \"none\"; no backbone is registered yet");
}
