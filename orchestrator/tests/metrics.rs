//! What Prometheus reads: well-formed, named by its conventions, and of few series.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod served;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};

use served::Server;
use sqlx::PgPool;

/// The exposition after some requests.
async fn exposition(server: &Server) -> String {
    let client = server.client(None);
    client.ready().await.unwrap();
    client.studies().await.unwrap();
    for _ in 0..3 {
        assert!(client.run(pedigree_protocol::RunId::new()).await.is_err());
    }
    let answer = server.http().get(format!("{}/metrics", server.url)).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    answer.text().await.unwrap()
}

/// Name and labels of a sample.
fn sample(line: &str) -> (&str, &str) {
    let (series, value) = line.rsplit_once(' ').unwrap();
    assert!(value.parse::<f64>().is_ok() || value == "+Inf", "{line}");
    match series.split_once('{') {
        Some((name, labels)) => (name, labels.strip_suffix('}').unwrap()),
        None => (series, ""),
    }
}

#[sqlx::test(migrations = false)]
async fn metrics_are_well_formed_and_named_by_convention(pool: PgPool) {
    let server = Server::start(&pool, None).await;
    let text = exposition(&server).await;
    let mut types: BTreeMap<&str, &str> = BTreeMap::new();
    let mut helped = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert!(types.insert(name, kind).is_none(), "{name} is typed twice");
        } else if let Some(rest) = line.strip_prefix("# HELP ") {
            helped.push(rest.split_once(' ').unwrap().0);
        } else {
            let (name, labels) = sample(line);
            let of_histogram = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
            let family = of_histogram.filter(|family| types.contains_key(family)).unwrap_or(name);
            let kind = types.get(family).unwrap_or_else(|| panic!("no TYPE before {line}"));
            assert_eq!(family.ends_with("_total"), *kind == "counter", "{line}");
            assert!(family.starts_with("pedigree_") || family.starts_with("process_"), "{line}");
            assert!(*kind != "histogram" || family.ends_with("_seconds"), "{line}");
            // An id in a label would be a series for each run.
            assert!(!labels.contains('-') || labels.contains("route"), "{line}");
        }
    }
    let unhelped: Vec<_> = types.keys().filter(|name| !helped.contains(*name)).collect();
    assert!(unhelped.is_empty(), "without a help text: {unhelped:?}");
    let counted =
        text.lines().find(|line| line.contains(r#"route="/api/v1/runs/{run}",status="404""#)).unwrap();
    let counted: u64 = counted.rsplit_once(' ').unwrap().1.parse().unwrap();
    assert!(counted >= 3, "requests for runs are counted under one route: {text}");
    promtool(&text);
    server.stop().await;
}

/// Prometheus' own judgement, where it is installed.
#[expect(clippy::print_stdout, reason = "a check that is skipped says so")]
fn promtool(text: &str) {
    let check = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut check) = check else {
        println!(
            "SKIPPED: promtool is not installed (Debian: apt-get install prometheus); its checks were not made"
        );
        return;
    };
    check.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let said = check.wait_with_output().unwrap();
    assert!(said.status.success(), "promtool: {}\n{text}", String::from_utf8_lossy(&said.stderr));
}

#[sqlx::test(migrations = false)]
async fn metrics_are_for_those_who_may_read(pool: PgPool) {
    let closed = |config: &mut pedigree_orchestrator::Config, _: &std::path::Path| config.anonymous = None;
    let server = Server::start_with(&pool, Some("secret"), closed).await;
    let ask = async |path: &str, token: Option<&str>| {
        let request = server.http().get(format!("{}{path}", server.url));
        let request = token.map_or(request.try_clone().unwrap(), |token| request.bearer_auth(token));
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(ask("/metrics", None).await, 401);
    assert_eq!(ask("/metrics", Some("secret")).await, 200);
    assert_eq!((ask("/healthz", None).await, ask("/readyz", None).await), (200, 200));
    server.stop().await;
}
