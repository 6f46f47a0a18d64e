//! Workers whose tokens are refused, and an `up` that has nothing to offer.

use std::process::{Command, Stdio};
use std::time::Duration;

use pedigree_protocol::access::{Role, TokenSpec};
use pedigree_tests::{Up, binary, wait_for};
use serde_json::Value;

const LIMIT: Duration = Duration::from_secs(60);

/// The worker of this name, as `pedigree worker list` shows it.
fn listed(up: &Up, name: &str) -> Option<Value> {
    let workers = up.json(&["worker", "list"]);
    workers.as_array().unwrap().iter().find(|worker| worker["name"] == name).cloned()
}

#[tokio::test]
async fn a_revoked_worker_ends_and_is_told_by_list_and_doctor() {
    let up = Up::start(1, 3).await;
    let spec = TokenSpec { name: "lab-7".into(), role: Role::Worker, lifetime_s: Some(24 * 60 * 60) };
    let token = up.client().create_token(&spec).await.unwrap().secret;
    let mut command = Command::new(binary());
    command.args(["worker", "--name", "lab", "--cpu-slots", "1", "--folder"]).arg(up.path("lab"));
    command
        .env("PEDIGREE_DATA", up.data())
        .env("PEDIGREE_TOKEN", token.expose())
        .env_remove("PEDIGREE_SERVER");
    let log = up.path("lab.log");
    let file = std::fs::File::create(&log).unwrap();
    let mut worker = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file).spawn().unwrap();
    let here = wait_for("the worker", LIMIT, || async { listed(&up, "lab") }, Option::is_some).await.unwrap();
    assert_eq!(here["token"]["state"], "expiring", "{here}");
    let logged = || async { std::fs::read_to_string(&log).unwrap() };
    let warns = |text: &String| text.contains("this worker's token expires in 23 h");
    wait_for("the warning in its log", LIMIT, logged, warns).await;
    up.client().revoke_token("lab-7").await.unwrap();
    let ended = || {
        let ended = worker.try_wait().unwrap();
        async move { ended }
    };
    let ended = wait_for("its end", LIMIT, ended, Option::is_some).await.unwrap();
    assert_eq!(ended.code(), Some(77));
    assert_eq!(listed(&up, "lab").unwrap()["token"]["state"], "revoked");
    let table = String::from_utf8(up.cli(&["worker", "list"]).stdout).unwrap();
    assert!(table.contains("its token lab-7 was revoked"), "{table}");
    let doctor = String::from_utf8(up.cli(&["doctor"]).stdout).unwrap();
    assert!(doctor.contains("the token lab-7 of lab was revoked"), "{doctor}");
}

#[tokio::test]
async fn up_without_any_device_stays_up_and_starts_no_worker() {
    let mut up = Up::start(0, 3).await;
    if up.process("worker").is_some() {
        eprintln!("SKIPPED: this host has a GPU that this build can use");
        return;
    }
    assert_eq!(up.json(&["worker", "list"]), Value::Array(Vec::new()));
    assert!(up.interrupt().await);
}
