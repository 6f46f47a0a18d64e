use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode, header};
use pedigree_protocol::WorkerId;
use pedigree_protocol::access::{LoginLink, NewToken, Role, Session, Token, TokenSpec};
use pedigree_protocol::page::PageQuery;
use serde::de::DeserializeOwned;
use serde_json::json;
use sqlx::PgPool;
use tower::ServiceExt as _;

use crate::access::{secret, session, token};
use crate::app::App;
use crate::router::router;
use crate::testing::{Coordinator, hello, study_spec};

const OWN: &str = "own-token";

/// A coordinator with a token of its own, and nothing for those who bear none.
async fn closed(pool: PgPool) -> Coordinator {
    let mut coordinator = Coordinator::with_content(pool).await;
    coordinator.app.token = Some(secret::hash(OWN));
    coordinator.app.anonymous = None;
    coordinator
}

/// A request's credentials.
enum As<'a> {
    Nobody,
    Token(&'a str),
    /// A cookie, from the page of this `Sec-Fetch-Site`.
    Browser(&'a str, &'a str),
}

async fn call(app: &App, caller: As<'_>, line: &str, body: serde_json::Value) -> (StatusCode, Vec<u8>) {
    let (method, path) = line.split_once(' ').unwrap();
    let mut request = Request::builder().method(method).uri(path);
    match caller {
        As::Nobody => {}
        As::Token(token) => request = request.header(header::AUTHORIZATION, format!("Bearer {token}")),
        As::Browser(cookie, site) => {
            request = request.header(header::COOKIE, cookie).header("sec-fetch-site", site);
        }
    }
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    let request = request.header(header::CONTENT_TYPE, "application/json").body(body).unwrap();
    let response = router(app.clone()).oneshot(request).await.unwrap();
    let status = response.status();
    let cookie = response.headers().get(header::SET_COOKIE).map(|value| value.as_bytes().to_vec());
    let content = to_bytes(response.into_body(), 1 << 20).await.unwrap().to_vec();
    (status, cookie.unwrap_or(content))
}

async fn status(app: &App, caller: As<'_>, line: &str) -> u16 {
    let body = if line.starts_with("POST") { json!({}) } else { serde_json::Value::Null };
    call(app, caller, line, body).await.0.as_u16()
}

fn read<T: DeserializeOwned>((status, content): (StatusCode, Vec<u8>)) -> T {
    assert_eq!(status, StatusCode::OK, "{}", String::from_utf8_lossy(&content));
    serde_json::from_slice(&content).unwrap()
}

async fn make(app: &App, name: &str, role: Role) -> (Token, String) {
    let spec = TokenSpec { name: name.into(), role, lifetime_s: Some(60) };
    let made: NewToken =
        read(call(app, As::Token(OWN), "POST /api/v1/tokens", serde_json::to_value(spec).unwrap()).await);
    (made.token, made.secret.expose().to_owned())
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn each_role_reaches_what_it_needs_and_no_more(pool: PgPool) {
    let app = closed(pool).await.app;
    let requests =
        ["GET /api/v1/studies", "POST /api/v1/leases", "POST /api/v1/studies", "GET /api/v1/tokens"];
    // An empty body that is let in is refused as invalid (400).
    let expected = [
        (Role::Viewer, [200, 403, 403, 403]),
        (Role::Worker, [200, 400, 403, 403]),
        (Role::Operator, [200, 403, 400, 403]),
        (Role::Admin, [200, 400, 400, 200]),
    ];
    for (role, statuses) in expected {
        let (_, text) = make(&app, role.name(), role).await;
        for (line, expected) in requests.into_iter().zip(statuses) {
            assert_eq!(status(&app, As::Token(&text), line).await, expected, "{role}: {line}");
        }
    }
    for line in requests {
        assert_eq!(status(&app, As::Nobody, line).await, 401, "{line}");
        assert_eq!(status(&app, As::Token("pdg_guess"), line).await, 401, "{line}");
    }
    for line in ["GET /readyz", "GET /healthz", "GET /api/v1/openapi.json"] {
        assert_eq!(status(&app, As::Nobody, line).await, 200, "{line}");
    }
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn a_token_ends_when_it_expires_and_when_it_is_revoked(pool: PgPool) {
    let app = closed(pool.clone()).await.app;
    let (_, text) = make(&app, "short", Role::Viewer).await;
    assert_eq!(status(&app, As::Token(&text), "GET /api/v1/studies").await, 200);
    sqlx::query("UPDATE tokens SET expires_at = now() - interval '1 s'").execute(&pool).await.unwrap();
    assert_eq!(status(&app, As::Token(&text), "GET /api/v1/studies").await, 401);

    let (_, text) = make(&app, "leaked", Role::Operator).await;
    let spec = TokenSpec { name: "leaked".into(), role: Role::Admin, lifetime_s: None };
    assert!(token::create(&pool, &spec).await.is_err(), "a live token's name is taken");
    assert_eq!(status(&app, As::Token(OWN), "DELETE /api/v1/tokens/leaked").await, 200);
    assert_eq!(status(&app, As::Token(&text), "GET /api/v1/studies").await, 401);
    assert_eq!(status(&app, As::Token(OWN), "DELETE /api/v1/tokens/leaked").await, 404);
    token::create(&pool, &spec).await.unwrap();
    let tokens = token::list(&pool, &PageQuery::default()).await.unwrap().items;
    assert_eq!(tokens.iter().filter(|token| token.revoked_at.is_some()).count(), 1);
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn no_secret_is_kept_as_it_is(pool: PgPool) {
    let app = closed(pool.clone()).await.app;
    let (_, text) = make(&app, "one", Role::Viewer).await;
    let row = "SELECT (SELECT string_agg(t::text, '') FROM tokens t) || encode(hash, 'escape') FROM tokens";
    let stored: String = sqlx::query_scalar(row).fetch_one(&pool).await.unwrap();
    assert!(!stored.contains(&text));
}

async fn log_in(app: &App, token: &str) -> String {
    let link: LoginLink =
        read(call(app, As::Token(token), "POST /api/v1/login-links", serde_json::Value::Null).await);
    let (status, cookie) = follow(app, &link).await;
    assert_eq!(status, StatusCode::OK);
    let cookie = String::from_utf8(cookie).unwrap();
    assert!(cookie.contains("; HttpOnly; SameSite=Strict"), "{cookie}");
    assert_eq!(follow(app, &link).await.0, StatusCode::UNAUTHORIZED, "a link works once");
    cookie.split(';').next().unwrap().to_owned()
}

async fn follow(app: &App, link: &LoginLink) -> (StatusCode, Vec<u8>) {
    let line = format!("{} {}", Method::GET, link.path.expose());
    call(app, As::Nobody, &line, serde_json::Value::Null).await
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn a_browser_gets_in_by_a_link_and_writes_from_our_page_alone(pool: PgPool) {
    let app = closed(pool).await.app;
    let (_, operator) = make(&app, "person", Role::Operator).await;
    let cookie = log_in(&app, &operator).await;
    let own = |line| status(&app, As::Browser(&cookie, "same-origin"), line);
    assert_eq!(own("GET /api/v1/studies").await, 200);
    assert_eq!(own("POST /api/v1/studies").await, 400);
    assert_eq!(own("GET /api/v1/tokens").await, 403);
    assert_eq!(status(&app, As::Browser(&cookie, "cross-site"), "POST /api/v1/studies").await, 403);
    assert_eq!(
        status(&app, As::Browser("pedigree_session=pds_guess", "same-origin"), "GET /api/v1/studies").await,
        401
    );
    let line = "GET /api/v1/session";
    let session = call(&app, As::Browser(&cookie, "same-origin"), line, serde_json::Value::Null).await;
    assert_eq!(read::<Session>(session).role, Role::Operator);
    assert_eq!(own("DELETE /api/v1/session").await, 204);
    assert_eq!(own("GET /api/v1/studies").await, 401);
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn a_session_ends_with_the_token_that_opened_it(pool: PgPool) {
    let mut app = closed(pool).await.app;
    let (_, viewer) = make(&app, "person", Role::Viewer).await;
    let cookies = [log_in(&app, &viewer).await, log_in(&app, OWN).await];
    for cookie in &cookies {
        assert_eq!(status(&app, As::Browser(cookie, "none"), "GET /api/v1/studies").await, 200);
    }
    token::revoke(&app.pool, "person").await.unwrap();
    assert_eq!(status(&app, As::Browser(&cookies[0], "none"), "GET /api/v1/studies").await, 401);
    app.token = Some(secret::hash("another"));
    assert_eq!(status(&app, As::Browser(&cookies[1], "none"), "GET /api/v1/studies").await, 401);
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn a_preview_of_a_link_does_not_use_it_up(pool: PgPool) {
    let app = closed(pool).await.app;
    let link = session::link(&app.pool, Role::Admin, &secret::hash(OWN)).await.unwrap();
    assert_eq!(status(&app, As::Nobody, &format!("HEAD {}", link.path.expose())).await, 405);
    assert_eq!(follow(&app, &link).await.0, StatusCode::OK);
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn a_workers_token_reaches_its_own_attempts_alone(pool: PgPool) {
    let coordinator = closed(pool).await;
    let app = &coordinator.app;
    let (first, second) = (make(app, "w1", Role::Worker).await.1, make(app, "w2", Role::Worker).await.1);
    coordinator.create(study_spec("study", 2, 1)).await;
    let worker = hello(WorkerId::new(), 1);
    let claim = json!({ "worker_id": worker.worker_id, "device_uuid": worker.devices[0].uuid, "wait_ms": 0 });
    let worker = serde_json::to_value(worker).unwrap();
    let post = |token, line, body| call(app, As::Token(token), line, body);
    assert_eq!(post(&first, "POST /api/v1/workers", worker.clone()).await.0, 200);
    assert_eq!(post(&second, "POST /api/v1/workers", worker).await.0, 403, "another's worker");
    assert_eq!(post(&second, "POST /api/v1/leases", claim.clone()).await.0, 403, "another's claim");
    let readings = json!({ "worker_id": claim["worker_id"], "gpus": [] });
    assert_eq!(
        post(&second, "POST /api/v1/workers/readings", readings.clone()).await.0,
        403,
        "another's GPUs"
    );
    assert_eq!(post(&first, "POST /api/v1/workers/readings", readings).await.0, 204);
    let grant: serde_json::Value = read(post(&first, "POST /api/v1/leases", claim).await);
    let attempt =
        format!("POST /api/v1/runs/{}/attempts/{}", grant["run_id"].as_str().unwrap(), grant["attempt"]);
    let renew = json!({ "kind": "renew" });
    assert_eq!(post(&second, &attempt, renew.clone()).await.0, 403, "another's attempt");
    let split = format!("{attempt}/test-split");
    assert_eq!(post(&second, &split, renew.clone()).await.0, 403, "another's split");
    assert_eq!(post(&first, &attempt, renew).await.0, 200);
}

/// What a worker has not told when its token is revoked is told by the next one, with a token of the same name.
#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn a_token_of_the_same_name_reaches_what_the_revoked_one_left(pool: PgPool) {
    let coordinator = closed(pool.clone()).await;
    let app = &coordinator.app;
    let old = make(app, "gpu-host", Role::Worker).await.1;
    coordinator.create(study_spec("study", 2, 1)).await;
    let worker = hello(WorkerId::new(), 1);
    let claim = json!({ "worker_id": worker.worker_id, "device_uuid": worker.devices[0].uuid, "wait_ms": 0 });
    let post = |token, line, body| call(app, As::Token(token), line, body);
    assert_eq!(post(&old, "POST /api/v1/workers", serde_json::to_value(worker).unwrap()).await.0, 200);
    let grant: serde_json::Value = read(post(&old, "POST /api/v1/leases", claim).await);
    let attempt =
        format!("POST /api/v1/runs/{}/attempts/{}", grant["run_id"].as_str().unwrap(), grant["attempt"]);
    token::revoke(&pool, "gpu-host").await.unwrap();
    let renew = json!({ "kind": "renew" });
    let (status, refused) = post(&old, &attempt, renew.clone()).await;
    assert_eq!(status, 401);
    assert!(String::from_utf8(refused).unwrap().contains("the token gpu-host was revoked"));
    let other = make(app, "other-host", Role::Worker).await.1;
    assert_eq!(post(&other, &attempt, renew.clone()).await.0, 403);
    let new = make(app, "gpu-host", Role::Worker).await.1;
    assert_eq!(post(&new, &attempt, renew).await.0, 200);
}
