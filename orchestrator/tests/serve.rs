//! The coordinator as others meet it: a real server over a fresh database, spoken to by the typed client.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod served;

use std::time::Duration;

use pedigree_protocol::ErrorCode;
use pedigree_protocol::access::{Role, Token, TokenSpec};
use pedigree_protocol::fleet::WorkerFilter;
use pedigree_protocol::page::Page;
use pedigree_protocol::run::{RunFilter, RunKind, RunState};
use pedigree_protocol::study::{StudyFilter, StudyState};
use served::Server;
use sha2::Digest;
use sqlx::PgPool;

#[sqlx::test(migrations = false)]
async fn a_fresh_database_is_migrated_and_served(pool: PgPool) {
    let server = Server::start(&pool, None).await;
    let client = server.client(None);
    client.ready().await.unwrap();
    assert_eq!(client.studies().await.unwrap(), []);
    assert_eq!(client.workers().await.unwrap(), []);
    let error = client.study("none").await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::NotFound));
    assert!(error.to_string().contains("there is no study \"none\""), "{error}");
    server.stop().await;
}

#[sqlx::test(migrations = false)]
async fn two_coordinators_start_on_one_database(pool: PgPool) {
    let (a, b) = tokio::join!(Server::start(&pool, None), Server::start(&pool, None));
    a.client(None).ready().await.unwrap();
    b.client(None).ready().await.unwrap();
    a.stop().await;
    b.stop().await;
}

#[sqlx::test(migrations = false)]
async fn content_comes_back_as_it_went_and_a_sealed_one_does_not(pool: PgPool) {
    let server = Server::start(&pool, None).await;
    let client = server.client(None);
    let content = vec![7_u8; 3 << 20];
    let sha256 = hex::encode(sha2::Sha256::digest(&content)).parse().unwrap();
    assert!(!client.has_artifact(&sha256).await.unwrap());
    client.put_artifact(&sha256, false, content.clone()).await.unwrap();
    assert!(client.has_artifact(&sha256).await.unwrap());
    let stream = client.artifact(&sha256).await.unwrap();
    let chunks: Vec<_> = futures::TryStreamExt::try_collect(stream).await.unwrap();
    assert!(chunks.concat() == content);

    let wrong = "0".repeat(64).parse().unwrap();
    let error = client.put_artifact(&wrong, false, content).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::Invalid));
    assert!(!client.has_artifact(&wrong).await.unwrap());

    let secret = hex::encode(sha2::Sha256::digest(b"test")).parse().unwrap();
    client.put_artifact(&secret, true, "test").await.unwrap();
    assert!(client.has_artifact(&secret).await.unwrap());
    let error = client.artifact(&secret).await.err().unwrap();
    assert_eq!(error.code(), Some(ErrorCode::Sealed));
    server.stop().await;
}

#[sqlx::test(migrations = false)]
async fn writes_need_the_token_and_reads_do_not(pool: PgPool) {
    let server = Server::start(&pool, Some("secret")).await;
    let cancel = |token| {
        let client = server.client(token);
        async move { client.cancel_study("none").await.unwrap_err().code() }
    };
    assert_eq!(cancel(None).await, Some(ErrorCode::Unauthorized));
    assert_eq!(cancel(Some("wrong")).await, Some(ErrorCode::Unauthorized));
    assert_eq!(cancel(Some("secret")).await, Some(ErrorCode::NotFound));
    server.client(None).studies().await.unwrap();
    server.stop().await;
}

#[sqlx::test(migrations = false)]
async fn a_page_is_served_for_any_path_of_the_dashboard(pool: PgPool) {
    let server = Server::start(&pool, None).await;
    let http = server.http();
    let get =
        |path: &str, accept: &str| http.get(format!("{}{path}", server.url)).header("accept", accept).send();
    let page = get("/studies/1", "text/html").await.unwrap();
    assert_eq!(page.status(), 200);
    assert!(page.headers()["content-security-policy"].to_str().unwrap().starts_with("default-src 'self'"));
    assert_eq!(get("/missing.js", "*/*").await.unwrap().status(), 404);
    let body = get("/api/v1/none", "text/html").await.unwrap().text().await.unwrap();
    assert_eq!(body, r#"{"code":"not_found","message":"there is no GET /api/v1/none"}"#);
    server.stop().await;
}

#[sqlx::test(migrations = false)]
async fn an_open_stream_tells_changes_and_ends_with_the_server(pool: PgPool) {
    let server = Server::start(&pool, None).await;
    let mut stream = server.http().get(format!("{}/api/v1/events", server.url)).send().await.unwrap();
    let mut told = String::new();
    read_until(&mut stream, &mut told, "retry: 2000").await;
    let hello = serde_json::json!({
        "worker_id": uuid::Uuid::new_v4(), "name": "host", "pid": 1, "version": env!("CARGO_PKG_VERSION"), "devices": []
    });
    server.client(None).hello(&serde_json::from_value(hello).unwrap()).await.unwrap();
    read_until(&mut stream, &mut told, "\"topic\":\"fleet\"").await;
    assert!(told.contains("event: change"), "{told}");
    let id: i64 = told.lines().find_map(|l| l.strip_prefix("id: ")).unwrap().parse().unwrap();

    let again = server.http().get(format!("{}/api/v1/events", server.url));
    let mut again = again.header("last-event-id", (id - 1).to_string()).send().await.unwrap();
    let mut replayed = String::new();
    read_until(&mut again, &mut replayed, &format!("id: {id}")).await;
    server.stop().await;
}

#[sqlx::test(migrations = false)]
async fn a_stopping_server_answers_what_waits_and_lets_every_connection_go(pool: PgPool) {
    let linger = Duration::from_secs(3);
    let server = Server::start_with(&pool, None, |config, _| config.linger = linger).await;
    let (client, worker) = (server.client(None), uuid::Uuid::new_v4());
    let hello = serde_json::json!({
        "worker_id": worker, "name": "host", "pid": 1, "version": env!("CARGO_PKG_VERSION"),
        "devices": [{"uuid": "GPU-1", "kind": "gpu", "name": "A100"}]
    });
    client.hello(&serde_json::from_value(hello).unwrap()).await.unwrap();
    let claim = serde_json::json!({"worker_id": worker, "device_uuid": "GPU-1", "wait_ms": 20_000});
    let claim = serde_json::from_value(claim).unwrap();
    let waiting = tokio::spawn(async move { client.claim(&claim).await });
    let (http, url) = (server.http(), server.url.clone());
    let ready = || http.get(format!("{url}/readyz")).send();
    assert!(!ready().await.unwrap().headers().contains_key("connection"));
    let held = async {
        while sqlx::query("SELECT 1 FROM workers WHERE last_seen_at > created_at")
            .fetch_all(&pool)
            .await
            .unwrap()
            .is_empty()
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), held).await.expect("the claim is held");

    let ending = tokio::spawn(server.stop());
    let answered = tokio::time::timeout(Duration::from_secs(5), waiting).await.unwrap().unwrap();
    assert_eq!(answered.unwrap(), None, "there was no work");
    let refused = ready().await.expect("it still takes requests");
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.headers()["connection"], "close");
    let taken = http.get(format!("{url}/api/v1/studies")).send().await.expect("it still takes requests");
    assert_eq!((taken.status().as_u16(), &taken.headers()["connection"]), (200, &"close".parse().unwrap()));
    ending.await.unwrap();
    assert!(ready().await.is_err(), "it is gone");
}

async fn read_until(stream: &mut reqwest::Response, told: &mut String, wanted: &str) {
    let reading = async {
        while !told.contains(wanted) {
            told.push_str(&String::from_utf8_lossy(&stream.chunk().await.unwrap().unwrap()));
        }
    };
    if tokio::time::timeout(Duration::from_secs(10), reading).await.is_err() {
        panic!("{wanted:?} never came; so far: {told}");
    }
}

#[sqlx::test(migrations = false)]
async fn lists_come_in_pages_over_the_wire(pool: PgPool) {
    let server = Server::start(&pool, None).await;
    let client = server.client(None);
    for name in ["a", "b", "c"] {
        let spec = TokenSpec { name: name.into(), role: Role::Viewer, lifetime_s: None };
        client.create_token(&spec).await.unwrap();
    }
    let first = client.list_tokens(Some(2)).await.unwrap();
    assert_eq!((first.items.len(), first.next.is_some(), first.total), (2, true, Some(3)));
    let names: Vec<_> = client.tokens().await.unwrap().into_iter().map(|token| token.name).collect();
    assert_eq!(names, ["c", "b", "a"]);
    let wanted = [("cursor", first.next.unwrap()), ("limit", "2".into())];
    let tokens = format!("{}/api/v1/tokens", server.url);
    let second = server.http().get(&tokens).query(&wanted).send().await.unwrap();
    let second: Page<Token> = serde_json::from_slice(&second.bytes().await.unwrap()).unwrap();
    assert_eq!((second.items[0].name.as_str(), second.items.len(), second.next), ("a", 1, None));
    for refused in ["limit=0", "limit=1001", "limit=-1", "limit=many", "cursor=7b7d"] {
        let answer = server.http().get(format!("{tokens}?{refused}")).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{refused}");
    }
    server.stop().await;
}

#[sqlx::test(migrations = false)]
async fn filters_of_lists_are_understood(pool: PgPool) {
    let server = Server::start(&pool, None).await;
    let client = server.client(None);
    let cancelled = StudyFilter { state: Some(StudyState::Cancelled) };
    assert_eq!(client.list_studies(&cancelled, None).await.unwrap().items, []);
    assert_eq!(client.list_workers(&WorkerFilter { gone: true }, Some(5)).await.unwrap().items, []);
    let filter = RunFilter { state: Some(RunState::Pruned), kind: Some(RunKind::Trial), since: Some(7) };
    let unknown = client.list_runs("none", &filter, Some(3)).await.unwrap_err();
    assert_eq!(unknown.code(), Some(ErrorCode::NotFound));
    let url = format!("{}/api/v1/studies?state=lost", server.url);
    assert_eq!(server.http().get(url).send().await.unwrap().status(), 400);
    server.stop().await;
}
