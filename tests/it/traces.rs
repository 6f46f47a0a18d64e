//! Traces as an operator has them: `serve --otlp-endpoint`, and a collector that comes and goes.

use std::fs::File;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use pedigree_protocol::client::Client;
use pedigree_tests::chaos::{StudySize, create_study, register_content};
use pedigree_tests::{Served, Up, wait_for};
use serde_json::json;
use tokio::net::TcpListener;

/// All that has arrived, names and texts in it as they are.
type Received = Arc<Mutex<String>>;

async fn receive(State(received): State<Received>, headers: HeaderMap, body: Bytes) {
    assert_eq!(headers["content-type"], "application/x-protobuf");
    received.lock().unwrap().push_str(&String::from_utf8_lossy(&body));
}

/// A worker says hello and gets a run; its id, and the run's.
async fn claim(client: &Client) -> [String; 2] {
    let worker = uuid::Uuid::new_v4();
    let device = format!("GPU-{worker}");
    let hello = json!({
        "worker_id": worker, "name": "host", "pid": 1, "version": env!("CARGO_PKG_VERSION"),
        "devices": [{"uuid": device, "kind": "gpu", "name": "A100"}]
    });
    client.hello(&serde_json::from_value(hello).unwrap()).await.unwrap();
    let wanted = json!({"worker_id": worker, "device_uuid": device, "wait_ms": 0});
    let grant = client.claim(&serde_json::from_value(wanted).unwrap()).await.unwrap().unwrap();
    [worker.to_string(), grant.run_id.to_string()]
}

#[tokio::test]
async fn a_collector_gets_the_spans_and_its_absence_holds_nobody_up() {
    let up = Up::start(0, 30).await;
    let received = Received::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let collector = format!("http://{}", listener.local_addr().unwrap());
    let routes = Router::new().route("/v1/traces", post(receive)).with_state(received.clone());
    let serving = tokio::spawn(axum::serve(listener, routes).into_future());
    let log = up.path("traced.log");
    let served = Served::start(&up, "traced", |command| {
        command.args(["--anonymous", "admin", "--otlp-endpoint", &collector]);
        command.env("OTEL_BSP_SCHEDULE_DELAY", "100");
        command.stderr(File::create(&log).unwrap());
    });
    let client = Client::new(&served.url, None);
    register_content(&client).await.unwrap();
    create_study(&client, "traced-study", StudySize::default()).await.unwrap();
    let ids = claim(&client).await;

    let names = ["pedigree-coordinator", "request", "/api/v1/leases", "claim", "ask", "traced-study"];
    let attributes = ["worker.id", "run.id", "study.id", "attempt"];
    let wanted: Vec<&str> =
        [&names[..], &attributes].concat().into_iter().chain(ids.iter().map(String::as_str)).collect();
    let missing = || async {
        let received = received.lock().unwrap();
        wanted.iter().filter(|text| !received.contains(**text)).copied().collect::<Vec<_>>()
    };
    wait_for("the spans", Duration::from_secs(20), missing, Vec::is_empty).await;

    serving.abort();
    assert!(serving.await.unwrap_err().is_cancelled());
    for _ in 0..500 {
        client.ready().await.unwrap();
    }
    assert_eq!(client.studies().await.unwrap()[0].trials.leased, 1);
    let told = || async { std::fs::read_to_string(&log).unwrap().matches("does not take traces").count() };
    wait_for("a word about it", Duration::from_secs(20), told, |told| *told > 0).await;
    assert!(served.stop().await.success());
    assert_eq!(told().await, 1, "it is told once:\n{}", std::fs::read_to_string(&log).unwrap());
}
