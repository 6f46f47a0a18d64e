//! Every list, walked page by page while rows are added.

use std::collections::HashSet;
use std::fmt::Debug;
use std::hash::Hash;

use pedigree_protocol::access::{Role, TokenSpec};
use pedigree_protocol::artifact::ArtifactFile;
use pedigree_protocol::dapt::DaptSpec;
use pedigree_protocol::fleet::WorkerFilter;
use pedigree_protocol::lease::AttemptWrite;
use pedigree_protocol::page::{Page, PageQuery};
use pedigree_protocol::queue::LOST_RETRIES;
use pedigree_protocol::resources::Resources;
use pedigree_protocol::run::{RunFilter, RunKind, RunPage, RunState};
use pedigree_protocol::run_detail::RunReports;
use pedigree_protocol::study::{StudyFilter, StudyState};
use pedigree_protocol::{Attempt, ErrorCode, Scalar};
use sqlx::PgPool;

use crate::access::token;
use crate::error::ApiResult;
use crate::testing::{Coordinator, is_code, report, sha256, study_spec};
use crate::{backbone, dapt, dataset, fleet, reconcile, run, study};

/// Walks a list in pages of two, adding a row before each further page; answers the keys of the items.
async fn walk<T: Debug, K: Hash + Eq + Clone>(
    fetch: impl AsyncFn(PageQuery) -> ApiResult<Page<T>>,
    key: impl Fn(&T) -> K,
    add: impl AsyncFn(usize),
) -> Vec<K> {
    let (mut keys, mut cursor, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = fetch(PageQuery { limit: Some(2), cursor }).await.unwrap();
        assert!(page.items.len() <= 2 && page.total.is_some());
        keys.extend(page.items.iter().map(&key));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
        pages += 1;
        add(pages).await;
        assert!(pages < 20, "the walk ends");
    }
    assert!(pages > 1, "the list has several pages");
    let unique: HashSet<K> = keys.iter().cloned().collect();
    assert_eq!(unique.len(), keys.len(), "nothing is doubled");
    let bad = fetch(PageQuery { limit: None, cursor: Some("7b7d".into()) }).await;
    assert!(is_code(bad, ErrorCode::Invalid));
    let too_many = fetch(PageQuery { limit: Some(1001), cursor: None }).await;
    assert!(is_code(too_many, ErrorCode::Invalid));
    keys
}

fn names(prefix: &str) -> [String; 5] {
    [1, 2, 3, 4, 5].map(|number| format!("{prefix}-{number}"))
}

/// The same names, the newest first.
fn newest_first(prefix: &str) -> Vec<String> {
    names(prefix).into_iter().rev().collect()
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn datasets_and_backbones_page_by_name(pool: PgPool) {
    let coordinator = Coordinator::new(pool.clone());
    for name in names("m") {
        coordinator.add_dataset(&name).await.unwrap();
        coordinator.add_backbone(&name).await.unwrap();
    }
    let fetch = async |page: PageQuery| dataset::sql::list(&pool, &page).await;
    // A row before the cursor is on a page that was read already.
    let add = async |page: usize| drop(coordinator.add_dataset(&format!("a-{page}")).await.unwrap());
    assert_eq!(walk(fetch, |dataset| dataset.spec.name.clone(), add).await, names("m"));
    let fetch = async |page: PageQuery| backbone::sql::list(&pool, &page).await;
    let add = async |page: usize| drop(coordinator.add_backbone(&format!("z-{page}")).await.unwrap());
    let walked = walk(fetch, |backbone| backbone.spec.name.clone(), add).await;
    assert_eq!(walked[..5], names("m"));
    assert!(walked[5..].iter().all(|name| name.starts_with("z-")), "{walked:?}");
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn studies_page_from_the_newest_and_by_state(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool.clone()).await;
    for name in names("s") {
        coordinator.create(study_spec(&name, 1, 1)).await;
    }
    let all = StudyFilter::default();
    let fetch = async |page: PageQuery| study::view::list(&pool, &page, &all).await;
    let add = async |page: usize| drop(coordinator.create(study_spec(&format!("new-{page}"), 1, 1)).await);
    assert_eq!(walk(fetch, |study| study.spec.name.clone(), add).await, newest_first("s"));
    study::cancel(coordinator.studies(), "s-2").await.unwrap();
    let cancelled = StudyFilter { state: Some(StudyState::Cancelled) };
    let page = study::view::list(&pool, &PageQuery::default(), &cancelled).await.unwrap();
    let names: Vec<_> = page.items.iter().map(|study| study.spec.name.as_str()).collect();
    assert_eq!((names, page.total, page.next), (vec!["s-2"], Some(1), None));
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn tokens_page_from_the_newest(pool: PgPool) {
    let make = async |name: String| {
        let spec = TokenSpec { name, role: Role::Viewer, lifetime_s: None };
        token::create(&pool, &spec).await.unwrap();
    };
    for name in names("t") {
        make(name).await;
    }
    let fetch = async |page: PageQuery| token::list(&pool, &page).await;
    let add = async |page: usize| make(format!("new-{page}")).await;
    assert_eq!(walk(fetch, |token| token.name.clone(), add).await, newest_first("t"));
}

const PASSAGES: &[u8] = b"Aspirin was given.\n";
const HELD_OUT: &[u8] = b"Heparin was not.\n";

fn pretraining(name: String) -> DaptSpec {
    let file = |name: &str, text| ArtifactFile { name: name.into(), sha256: sha256(text), bytes: 1 };
    DaptSpec {
        name,
        backbone: "encoder".into(),
        passages: file("passages.txt", PASSAGES),
        held_out: file("held-out.txt", HELD_OUT),
        params: [("steps".to_owned(), Scalar::Int(3))].into(),
        leaves: None,
        seed: 5,
        retries: 1,
        lost_retries: LOST_RETRIES,
        priority: 0,
        resources: Resources::default(),
    }
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn pretrainings_page_from_the_newest(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool.clone()).await;
    for text in [PASSAGES, HELD_OUT] {
        coordinator.put(text, false).await.unwrap();
    }
    let queue = async |name: String| {
        dapt::create::create(&pool, pretraining(name), None).await.unwrap();
    };
    for name in names("d") {
        queue(name).await;
    }
    let fetch = async |page: PageQuery| dapt::view::list(&pool, &page).await;
    let add = async |page: usize| queue(format!("new-{page}")).await;
    assert_eq!(walk(fetch, |dapt| dapt.spec.name.clone(), add).await, newest_first("d"));
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn workers_page_from_the_newest_without_those_gone_for_a_week(pool: PgPool) {
    let coordinator = Coordinator::new(pool.clone());
    let mut ids = Vec::new();
    for devices in [2, 0, 1, 2, 3] {
        ids.insert(0, coordinator.worker(devices).await.id);
    }
    let list = async |page: PageQuery, gone| fleet::sql::list(&pool, &page, WorkerFilter { gone }).await;
    let fetch = async |page: PageQuery| list(page, false).await;
    let add = async |_| drop(coordinator.worker(1).await);
    assert_eq!(walk(fetch, |worker| worker.id, add).await, ids);
    sqlx::query("UPDATE workers SET last_seen_at = now() - interval '8 days' WHERE id = $1")
        .bind(ids[1].0)
        .execute(&pool)
        .await
        .unwrap();
    let count = async |gone| {
        let page = list(PageQuery::default(), gone).await.unwrap();
        let has_it = page.items.iter().any(|worker| worker.id == ids[1]);
        (has_it, page.total == i64::try_from(page.items.len()).ok())
    };
    assert_eq!((count(false).await, count(true).await), ((false, true), (true, true)));
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn runs_page_by_number_and_by_what_they_are(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool.clone()).await;
    let study = coordinator.create(study_spec("study", 30, 5)).await;
    let list = async |page: PageQuery, filter: RunFilter| {
        run::list::of_study(&pool, study.id, &page, &filter).await.map(|page| page.page)
    };
    let fetch = async |page: PageQuery| list(page, RunFilter::default()).await;
    let add = async |_| {
        if let Some(grant) = coordinator.claim(&coordinator.worker(1).await).await {
            coordinator.complete(&grant, 0.5).await;
        }
    };
    let walked = walk(fetch, |run| run.number, add).await;
    let numbers: Vec<_> = (1..).take(walked.len()).map(Some).collect();
    assert_eq!(walked, numbers);
    let completed = RunFilter { state: Some(RunState::Completed), ..RunFilter::default() };
    let page = list(PageQuery::default(), completed).await.unwrap();
    assert!(!page.items.is_empty() && page.items.iter().all(|run| run.state == RunState::Completed));
    let last = RunFilter { kind: Some(RunKind::Final), ..RunFilter::default() };
    assert_eq!(list(PageQuery::default(), last).await.unwrap().items, []);
}

async fn changed(pool: &PgPool, study: pedigree_protocol::StudyId, since: Option<i64>) -> RunPage {
    let filter = RunFilter { since, ..RunFilter::default() };
    run::list::of_study(pool, study, &PageQuery::default(), &filter).await.unwrap()
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn only_the_runs_that_changed_are_listed(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool.clone()).await;
    let study = coordinator.create(study_spec("study", 4, 4)).await;
    let first = changed(&pool, study.id, None).await;
    assert_eq!((first.page.items.len(), first.all), (4, true));
    // The revisions just before `since` are listed again, as they may have become visible late.
    sqlx::query("SELECT setval('events_revision_seq', $1)")
        .bind(first.revision + 1000)
        .execute(&pool)
        .await
        .unwrap();
    let grant = coordinator.claim(&coordinator.worker(1).await).await.unwrap();
    let second = changed(&pool, study.id, Some(first.revision + 1000)).await;
    let ids: Vec<_> = second.page.items.iter().map(|run| run.id).collect();
    assert_eq!((ids, second.all, second.page.total), (vec![grant.run_id], false, Some(1)));
    assert!(second.revision > first.revision + 1000);
    // Changes that are no longer kept cannot be told apart: all runs come.
    sqlx::query("DELETE FROM events WHERE revision <= $1").bind(first.revision).execute(&pool).await.unwrap();
    let third = changed(&pool, study.id, Some(first.revision)).await;
    assert_eq!((third.page.items.len(), third.all), (4, true));
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn the_reports_of_an_earlier_attempt_are_read(pool: PgPool) {
    let coordinator = Coordinator::with_content(pool.clone()).await;
    coordinator.create(study_spec("study", 1, 1)).await;
    let grant = coordinator.claim(&coordinator.worker(1).await).await.unwrap();
    coordinator.write(&grant, &AttemptWrite::Start).await;
    for epoch in [1, 2] {
        coordinator.write(&grant, &report(epoch, 0.5)).await;
    }
    coordinator.let_leases_run_out().await;
    reconcile::expire_leases(coordinator.studies()).await.unwrap();
    let again = coordinator.claim(&coordinator.worker(1).await).await.unwrap();
    assert_eq!((again.run_id, again.attempt), (grant.run_id, Attempt(2)));
    let read = async |attempt| match run::view::reports(&pool, grant.run_id, attempt).await.unwrap() {
        RunReports::Train { items } => items.iter().map(|report| report.metrics.epoch).collect::<Vec<_>>(),
        RunReports::Adapt { .. } | RunReports::Test => panic!("a trial trains"),
    };
    assert_eq!((read(Attempt(1)).await, read(Attempt(2)).await), (vec![1, 2], vec![]));
    let unknown = run::view::reports(&pool, grant.run_id, Attempt(3)).await;
    assert!(is_code(unknown, ErrorCode::NotFound));
}
