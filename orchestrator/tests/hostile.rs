//! What somebody with bad intentions sends over the wire: each attempt is refused with a status of the 400s, and the
//! coordinator goes on.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod served;

use std::num::NonZeroU32;

use pedigree_orchestrator::TlsFiles;
use reqwest::{Certificate, Method, StatusCode};
use serde_json::{Value, json};
use served::Server;
use sha2::Digest as _;
use sqlx::PgPool;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Sends bytes as they are, past all clients that would clean them up, and returns the whole answer.
async fn raw(server: &Server, request: &str) -> String {
    let mut stream = TcpStream::connect(server.url.strip_prefix("http://").unwrap()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

async fn send(server: &Server, method: Method, path: &str, body: &Value) -> (u16, String) {
    let request = server.http().request(method, format!("{}/api/v1{path}", server.url)).json(body);
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

#[sqlx::test(migrations = false)]
async fn paths_lead_nowhere_else(pool: PgPool) {
    let server = Server::start(&pool, None).await;
    let paths = [
        "/../../../../etc/passwd",
        "/assets/../../../../etc/passwd",
        "/assets/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/assets/..%2f..%2f..%2fetc%2fpasswd",
        "//etc/passwd",
        "/api/v1/artifacts/..%2f..%2f..%2fetc%2fpasswd",
        "/api/v1/artifacts/../../../etc/passwd",
        "/api/v1/artifacts/%00",
        "/api/v1/studies/%00",
        "/api/v1/studies/..",
        "/api/v1/runs/1%20OR%201=1",
    ];
    for path in paths {
        let request = format!("GET {path} HTTP/1.1\r\nHost: h\r\nAccept: */*\r\nConnection: close\r\n\r\n");
        let answer = raw(&server, &request).await;
        assert!(answer.starts_with("HTTP/1.1 4"), "{path}: {answer}");
        assert!(!answer.contains("root:"), "{path}: {answer}");
    }
    server.stop().await;
}

#[sqlx::test(migrations = false)]
async fn names_that_are_statements_headers_or_paths_are_refused(pool: PgPool) {
    let server = Server::start(&pool, None).await;
    let names = [
        "'; DROP TABLE studies; --",
        "x' OR '1'='1",
        "a\r\nSet-Cookie: pedigree_session=1",
        "\u{1b}[2Jcleared",
        "line\nERROR forged line in a log",
        "../../etc/passwd",
        "..",
        "nul\0",
        "<script>alert(1)</script>",
    ];
    for name in names {
        let body = json!({ "name": name, "role": "viewer" });
        let (status, answer) = send(&server, Method::POST, "/tokens", &body).await;
        assert_eq!(status, 400, "{name:?}: {answer}");
        let error: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(error["code"], "invalid", "{name:?}");
        let path: String = name.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let (status, answer) = send(&server, Method::DELETE, &format!("/tokens/{path}"), &Value::Null).await;
        assert!((400..500).contains(&status), "{name:?}: {status} {answer}");
    }
    assert_eq!(server.client(None).studies().await.unwrap(), [], "the tables are there");
    server.stop().await;
}

#[sqlx::test(migrations = false)]
async fn a_nul_character_is_refused_wherever_it_stands(pool: PgPool) {
    let server = Server::start(&pool, None).await;
    let worker = uuid::Uuid::new_v4();
    let hello = |name: &str, device: &str| {
        json!({ "worker_id": worker, "name": name, "pid": 1, "version": env!("CARGO_PKG_VERSION"),
                "devices": [{ "uuid": "CPU-1", "kind": "cpu", "name": device }] })
    };
    for body in [hello("nul\0", "cpu"), hello("host", "nul\0")] {
        let (status, answer) = send(&server, Method::POST, "/workers", &body).await;
        assert_eq!(status, 400, "{answer}");
        assert!(answer.contains("holds a NUL character"), "{answer}");
    }
    let (status, answer) = send(&server, Method::POST, "/workers", &hello("host", "cpu")).await;
    assert_eq!(status, 200, "{answer}");
    server.stop().await;
}

#[sqlx::test(migrations = false)]
async fn a_file_name_cannot_lead_out_of_its_folder(pool: PgPool) {
    let server = Server::start(&pool, None).await;
    let sha256 = hex::encode(sha2::Sha256::digest(b"{}")).parse().unwrap();
    server.client(None).put_artifact(&sha256, false, "{}").await.unwrap();
    for stray in ["../../.ssh/authorized_keys", "/etc/cron.d/x", "a/../../b", ""] {
        let shape = json!({ "hidden": 8, "layers": 1, "heads": 1, "intermediate": 8, "vocab": 8,
                            "max_positions": 8, "parameters": 8 });
        let body = json!({ "name": "b", "family": "bert", "source": "here", "revision": null, "shape": shape,
            "random_weights": true, "sha256": sha256,
            "files": [{ "name": stray, "sha256": sha256, "bytes": 2 }] });
        let (status, answer) = send(&server, Method::POST, "/backbones", &body).await;
        assert_eq!(status, 400, "{stray:?}: {answer}");
        assert!(answer.contains("cannot name a file"), "{stray:?}: {answer}");
    }
    server.stop().await;
}

#[sqlx::test(migrations = false)]
async fn large_deep_and_broken_bodies_are_refused(pool: PgPool) {
    let server = Server::start(&pool, None).await;
    let post = |body: String| {
        let request = server.http().post(format!("{}/api/v1/studies", server.url));
        async move { request.header("content-type", "application/json").body(body).send().await.unwrap() }
    };
    for (what, body) in [
        ("deep", format!("{}{}", "[".repeat(100_000), "]".repeat(100_000))),
        ("large", format!("\"{}\"", "x".repeat(17 << 20))),
        ("broken", "{\"name\":".to_owned()),
        ("not a study", "{\"name\": 1e999}".to_owned()),
    ] {
        let status = post(body).await.status();
        assert!(status.is_client_error(), "{what}: {status}");
    }
    server.client(None).ready().await.unwrap();
    server.stop().await;
}

#[sqlx::test(migrations = false)]
async fn a_caller_in_a_hurry_is_told_to_wait_and_others_are_not(pool: PgPool) {
    let few = |config: &mut pedigree_orchestrator::Config, _: &std::path::Path| {
        config.requests_per_second = NonZeroU32::new(1);
    };
    let server = Server::start_with(&pool, Some("own"), few).await;
    let http = server.http();
    let mut refused = None;
    for _ in 0..50 {
        let request =
            http.get(format!("{}/api/v1/studies", server.url)).header("authorization", "Bearer guess");
        let response = request.send().await.unwrap();
        if response.status() == StatusCode::TOO_MANY_REQUESTS {
            refused = Some(response);
            break;
        }
    }
    let refused = refused.expect("one of fifty guesses in a row is refused for its haste");
    assert_eq!(refused.headers()["retry-after"], "1");
    for _ in 0..50 {
        server.client(Some("own")).studies().await.unwrap();
    }
    server.stop().await;
}

#[sqlx::test(migrations = false)]
async fn the_encrypted_wire_is_checked_by_certificate(pool: PgPool) {
    let pair = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let (certificate, key) = (pair.cert.pem(), pair.signing_key.serialize_pem());
    let encrypted = |config: &mut pedigree_orchestrator::Config, folder: &std::path::Path| {
        let files = TlsFiles { certificate: folder.join("cert.pem"), key: folder.join("key.pem") };
        std::fs::write(&files.certificate, &certificate).unwrap();
        std::fs::write(&files.key, &key).unwrap();
        config.tls = Some(files);
    };
    let server = Server::start_with(&pool, Some("own"), encrypted).await;
    let unknown = server.http().get(format!("{}/readyz", server.url)).send().await;
    assert!(unknown.unwrap_err().is_connect(), "a certificate that nobody vouches for is refused");
    let trusting = reqwest::Client::builder()
        .tls_certs_only([Certificate::from_pem(certificate.as_bytes()).unwrap()])
        .build()
        .unwrap();
    assert_eq!(trusting.get(format!("{}/readyz", server.url)).send().await.unwrap().status(), 200);
    let plain = server.url.replace("https", "http");
    assert!(trusting.get(plain).send().await.is_err(), "nothing is said in clear text");
    let ended = trusting.delete(format!("{}/api/v1/session", server.url)).send().await.unwrap();
    assert!(ended.headers()["set-cookie"].to_str().unwrap().ends_with("; Secure"));
    server.stop().await;
}
