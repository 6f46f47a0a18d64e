use pedigree_protocol::ErrorCode;
use pedigree_protocol::dataset::DatasetSpec;
use pedigree_protocol::page::PageQuery;
use sqlx::PgPool;

use crate::dataset::sql;
use crate::testing::{Coordinator, DEV, TEST, TRAIN, dataset_spec, is_code, message};

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn the_same_content_again_is_the_same_dataset(pool: PgPool) {
    let coordinator = Coordinator::new(pool);
    let first = coordinator.add_dataset("corpus").await.unwrap();
    let elsewhere =
        DatasetSpec { source: "another folder".into(), ..dataset_spec("corpus", TRAIN, DEV, TEST) };
    assert_eq!(sql::add(coordinator.pool(), elsewhere).await.unwrap(), first);
    let other = dataset_spec("corpus", DEV, TRAIN, TEST);
    assert!(is_code(sql::add(coordinator.pool(), other).await, ErrorCode::Conflict));
    assert_eq!(sql::list(coordinator.pool(), &PageQuery::default()).await.unwrap().items, [first]);
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn an_unknown_dataset_is_answered_with_those_that_are_known(pool: PgPool) {
    let coordinator = Coordinator::new(pool);
    let none = message(sql::get(coordinator.pool(), "ncbi").await);
    assert_eq!(none, "there is no dataset \"ncbi\"; no dataset is registered yet");
    coordinator.add_dataset("corpus").await.unwrap();
    let other = message(sql::get(coordinator.pool(), "ncbi").await);
    assert_eq!(other, "there is no dataset \"ncbi\"; known: corpus");
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn splits_must_have_been_uploaded(pool: PgPool) {
    let coordinator = Coordinator::new(pool);
    let add = || sql::add(coordinator.pool(), dataset_spec("corpus", TRAIN, DEV, TEST));
    assert!(message(add().await).starts_with("the train split ("));
    coordinator.put(TRAIN, false).await.unwrap();
    coordinator.put(DEV, false).await.unwrap();
    assert!(message(add().await).starts_with("the test split ("));
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn no_split_that_trials_read_is_ever_a_test_split(pool: PgPool) {
    let coordinator = Coordinator::new(pool);
    coordinator.add_dataset("corpus").await.unwrap();
    let add = |spec| sql::add(coordinator.pool(), spec);
    let leak = message(add(dataset_spec("leak", TEST, DEV, TRAIN)).await);
    assert!(leak.starts_with("the train split has the content of a sealed test split"), "{leak}");
    coordinator.put(b"other\tO\n", false).await.unwrap();
    let reused = message(add(dataset_spec("reused", b"other\tO\n", DEV, TRAIN)).await);
    assert!(reused.starts_with("this content is train or dev of dataset \"corpus\""), "{reused}");
    let same = add(dataset_spec("same", b"other\tO\n", DEV, b"other\tO\n")).await;
    assert!(is_code(same, ErrorCode::Invalid));
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn a_test_split_uploaded_readable_is_sealed_by_its_registration(pool: PgPool) {
    let coordinator = Coordinator::new(pool);
    for content in [TRAIN, DEV, TEST] {
        coordinator.put(content, false).await.unwrap();
    }
    sql::add(coordinator.pool(), dataset_spec("corpus", TRAIN, DEV, TEST)).await.unwrap();
    assert!(is_code(coordinator.put(TEST, false).await, ErrorCode::Conflict));
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn a_registration_that_was_refused_seals_nothing(pool: PgPool) {
    let coordinator = Coordinator::new(pool);
    // By a slip the dev file is given as the test file too.
    for (content, sealed) in [(TRAIN, false), (DEV, false)] {
        coordinator.put(content, sealed).await.unwrap();
    }
    let slip = message(sql::add(coordinator.pool(), dataset_spec("corpus", TRAIN, DEV, DEV)).await);
    assert_eq!(slip, "dev and test are one file; give another test file");
    // Or the files change places.
    coordinator.put(TEST, false).await.unwrap();
    coordinator.put(b"other\tO\n", true).await.unwrap();
    let unsent = dataset_spec("corpus", b"nowhere\tO\n", TEST, b"other\tO\n");
    assert!(message(sql::add(coordinator.pool(), unsent).await).contains("has not been uploaded"));
    // The right command registers, whatever the wrong ones had sent as a test split.
    coordinator.put(b"other\tO\n", false).await.unwrap();
    coordinator.put(TEST, true).await.unwrap();
    sql::add(coordinator.pool(), dataset_spec("corpus", b"other\tO\n", DEV, TEST)).await.unwrap();
    let again = message(coordinator.put(TEST, false).await);
    assert!(again.contains("is the sealed test split of dataset \"corpus\""), "{again}");
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn splits_that_teach_or_measure_nothing_are_refused_by_the_api_too(pool: PgPool) {
    let coordinator = Coordinator::new(pool);
    for content in [TRAIN, DEV] {
        coordinator.put(content, false).await.unwrap();
    }
    coordinator.put(TEST, true).await.unwrap();
    let refused = async |spec| message(sql::add(coordinator.pool(), spec).await);
    let spec = || dataset_spec("corpus", TRAIN, DEV, TEST);
    let mut empty = spec();
    empty.splits.dev.entities.clear();
    assert!(refused(empty).await.starts_with("dev has no entities"));
    let mut empty = spec();
    empty.splits.train.entities.clear();
    assert!(refused(empty).await.starts_with("train has no entities"));
    let same = refused(dataset_spec("corpus", TRAIN, TRAIN, TEST)).await;
    assert_eq!(same, "train and dev are one file; give another dev file");
    sql::add(coordinator.pool(), spec()).await.unwrap();
}
