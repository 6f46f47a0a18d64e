//! What users do to what runs, by the real command line: hold, cancel, retry, drain, make room, look for faults. Every
//! list has `--json`, and a name that is not there gets a sentence and an exit code.

use std::time::Duration;

use pedigree_tests::{Up, kill_nine, tiny_study, wait_for};
use serde_json::Value;
use sqlx::{Connection as _, PgConnection};

use crate::invariants::wait_until_completed;

const LIMIT: Duration = Duration::from_secs(60);

/// The command fails with this code and sentence, on the screen and as a document.
fn refused(up: &Up, arguments: &[&str], code: i32, sentence: &str) {
    let plain = up.cli(arguments);
    let said = String::from_utf8_lossy(&plain.stderr);
    assert_eq!((plain.status.code(), plain.stdout.is_empty()), (Some(code), true), "{arguments:?}: {said}");
    assert!(said.contains(sentence), "{arguments:?} says {said}");
    let output = up.cli(&[arguments, &["--json"]].concat());
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(code), "{arguments:?} --json");
    assert!(document["error"].as_str().unwrap().contains(sentence), "{arguments:?} --json prints {document}");
}

fn names_that_are_not_there(up: &Up) {
    for command in ["show", "watch", "cancel", "pause", "resume", "importance", "replay"] {
        refused(
            up,
            &["study", command, "none"],
            1,
            "there is no study \"none\"; `pedigree study list` shows all",
        );
    }
    refused(up, &["study", "priority", "none", "1"], 1, "there is no study \"none\"");
    refused(up, &["study", "retry", "none", "--failed"], 1, "there is no study \"none\"");
    refused(up, &["study", "retry", "tiny"], 2, "the following required arguments were not provided");
    for command in ["show", "logs", "retry", "cancel", "pause", "resume"] {
        refused(up, &["trial", command, "tiny", "9"], 1, "study tiny has no trial 9; its trials: 1 to 2");
        refused(up, &["trial", command, "none", "1"], 1, "there is no study \"none\"");
        refused(up, &["trial", command, "tiny", "last"], 2, "give a number from 1, final, final:2 or test");
    }
    for command in ["drain", "resume"] {
        refused(
            up,
            &["worker", command, "none"],
            1,
            "no worker \"none\" is here; `pedigree worker list --gone` shows all",
        );
    }
    refused(up, &["worker", "release", "GPU-none"], 1, "GPU-none");
    for command in ["show", "watch", "logs", "cancel", "pause", "resume"] {
        refused(up, &["dapt", command, "none"], 1, "there is no pretraining \"none\"");
    }
    refused(up, &["dapt", "priority", "none", "1"], 1, "there is no pretraining \"none\"");
    refused(up, &["dapt", "priority", "none", "101"], 2, "101 is not in -100..=100");
    refused(up, &["data", "show", "none"], 1, "there is no dataset \"none\"; known: synthetic");
    refused(up, &["backbone", "show", "none"], 1, "there is no backbone \"none\"; known: tiny");
    refused(up, &["token", "revoke", "none"], 1, "there is no live token \"none\"");
}

fn every_list(up: &Up) {
    let text = up.path("text.txt");
    std::fs::write(&text, "patients with fever\nmice with cancer\n").unwrap();
    let held_out = up.path("held-out.txt");
    std::fs::write(&held_out, "carriers with anaemia\n").unwrap();
    let texts = ["--passages", text.to_str().unwrap(), "--held-out", held_out.to_str().unwrap()];
    up.json(&[&["dapt", "submit", "adapted", "--backbone", "tiny", "--detach"], &texts[..]].concat());
    up.json(&["token", "create", "reader", "--role", "viewer"]);
    for noun in ["study", "data", "backbone", "worker", "token", "dapt"] {
        let listed = up.json(&[noun, "list"]);
        assert!(listed.as_array().is_some_and(|rows| !rows.is_empty()), "{noun} list: {listed}");
        assert!(up.cli(&[noun, "list"]).status.success(), "{noun} list");
    }
    assert!(up.json(&["gpu", "list"]).is_array());
    let trials = up.json(&["trial", "list", "tiny"]);
    assert_eq!(trials.as_array().unwrap().len(), 2);
    assert_eq!(up.json(&["trial", "list", "tiny", "--limit", "1"])[0], trials[0], "a limit changes no order");
    assert_eq!(up.json(&["dapt", "list"])[0]["spec"]["name"], "adapted");
    holds_of_a_pretraining(up);
    assert_eq!(up.json(&["dapt", "cancel", "adapted"])["run"]["state"], "cancelled");
}

/// Pauses, resumes and prioritises a pretraining while the only worker is drained.
fn holds_of_a_pretraining(up: &Up) {
    for (arguments, held) in [(&["pause"][..], "finish"), (&["pause", "--now"], "now")] {
        let paused = up.json(&[&["dapt"], arguments, &["adapted"]].concat());
        assert_eq!(paused["hold"], held);
        assert_eq!(paused["waits"], "it is paused; `pedigree dapt resume` lets it go on");
    }
    assert_eq!(up.json(&["dapt", "priority", "adapted", "-7"])["priority"], -7);
    let list = String::from_utf8(up.cli(&["dapt", "list"]).stdout).unwrap();
    assert!(list.contains("waiting, paused") && list.contains("-7"), "{list}");
    let resumed = up.json(&["dapt", "resume", "adapted"]);
    assert_eq!((&resumed["hold"], &resumed["priority"]), (&"none".into(), &(-7).into()));
    assert!(resumed["waits"].as_str().unwrap().contains("is drained"), "{resumed}");
}

/// Holds, lets go and cancels while the only worker is drained.
fn holds(up: &Up) {
    for (arguments, held) in [(&["pause"][..], "finish"), (&["pause", "--now"], "now"), (&["resume"], "none")]
    {
        assert_eq!(up.json(&[&["study"], arguments, &["tiny"]].concat())["hold"], held);
    }
    assert_eq!(up.json(&["study", "priority", "tiny", "7"])["priority"], 7);
    assert_eq!(up.json(&["trial", "pause", "tiny", "1"])["paused"], true);
    assert_eq!(up.json(&["trial", "resume", "tiny", "1"])["paused"], false);
    assert_eq!(up.json(&["trial", "cancel", "tiny", "2"])["state"], "cancelled");
    refused(up, &["trial", "pause", "tiny", "2"], 1, "the run has ended already: it is cancelled");
}

fn what_has_ended_is_left_alone(up: &Up) {
    refused(up, &["study", "pause", "tiny"], 1, "the study \"tiny\" has ended already");
    refused(up, &["trial", "cancel", "tiny", "1"], 1, "the run has ended already: it is completed");
    refused(up, &["trial", "retry", "tiny", "1"], 1, "trial 1: its study has its test score");
    refused(
        up,
        &["study", "retry", "tiny", "--failed"],
        1,
        "no run of tiny is tried again: none failed by these causes",
    );
    refused(up, &["study", "retry", "tiny", "--failed", "--cause", "rain"], 2, "there is no cause \"rain\"");
}

fn room(up: &Up) {
    let log = |trial: &str| up.json(&["trial", "logs", "tiny", trial])["text"].as_str().unwrap().len();
    let wanted = ["--days", "0", "--keep-best", "0"];
    let told = up.json(&[&["gc", "--dry-run"], &wanted[..]].concat());
    assert_eq!((&told["dry_run"], &told["studies"][0]["study"]), (&true.into(), &"tiny".into()), "{told}");
    assert_eq!(told["studies"][0]["trials"], 1, "{told}");
    assert!(log("1") > 0, "a dry run removes nothing");
    let done = up.json(&[&["gc"], &wanted[..]].concat());
    assert_eq!((&done["dry_run"], &done["studies"]), (&false.into(), &told["studies"]), "{done}");
    assert!(log("1") == 0 && log("final") > 0, "the final run keeps what it left");
    assert_eq!(up.json(&[&["gc"], &wanted[..]].concat())["studies"], Value::Array(Vec::new()));
    refused(up, &["gc", "--days", "soon"], 2, "invalid value 'soon' for '--days <DAYS>'");
}

/// Waits for a trainer of the study, kills it, and waits until the study has failed of it.
async fn fail(up: &Up) {
    let trainers = || async { up.trainers() };
    let found = wait_for("a trainer", LIMIT, trainers, |found| !found.is_empty()).await;
    kill_nine(found[0]);
    let state = || async { up.json(&["study", "show", "frail"])["study"]["state"].clone() };
    wait_for("the failure", LIMIT, state, |state| state == "failed").await;
}

async fn retries(up: &Up) {
    let frail = tiny_study_of_one(up);
    let names = ["--name", "frail", "--dataset", "synthetic", "--backbone", "tiny", "--detach"];
    up.json(&[&["sweep", "run", &frail], &names[..]].concat());
    fail(up).await;
    let again = up.json(&["trial", "retry", "frail", "1"]);
    assert_eq!(
        (&again["runs"][0]["number"], &again["study"]["state"]),
        (&1.into(), &"searching".into()),
        "{again}"
    );
    fail(up).await;
    refused(up, &["study", "retry", "frail", "--failed", "--cause", "oom"], 1, "none failed by these causes");
    let again = up.json(&["study", "retry", "frail", "--failed"]);
    assert_eq!(
        (&again["runs"][0]["number"], &again["study"]["state"]),
        (&1.into(), &"searching".into()),
        "{again}"
    );
    assert_eq!(up.json(&["study", "cancel", "frail"])["state"], "cancelled");
}

/// A search of one trial without retries that takes longer than any test.
fn tiny_study_of_one(up: &Up) -> String {
    let path = up.path("frail.yaml");
    let text = std::fs::read_to_string(up.path("tiny.yaml")).unwrap();
    let text =
        text.replace("trials: 2", "trials: 1\nretries: 0").replace("max_epochs: 2", "max_epochs: 1000");
    std::fs::write(&path, text.replace("patience: 12", "patience: 1000")).unwrap();
    path.to_str().unwrap().to_owned()
}

/// What the doctor finds of one check, with the level and what is to be done.
fn finding(document: &Value, check: &str) -> [String; 3] {
    let findings = document["findings"].as_array().unwrap();
    let found =
        findings.iter().find(|finding| finding["check"] == check).unwrap_or_else(|| panic!("{document}"));
    ["level", "finding", "fix"].map(|key| found[key].as_str().unwrap_or_default().to_owned())
}

/// A fault that one statement makes and another mends, and what is said of it.
struct Fault {
    check: &'static str,
    make: &'static str,
    mend: &'static str,
    level: &'static str,
    code: i32,
    says: &'static str,
    fix: &'static str,
}

const FAULTS: [Fault; 2] = [
    Fault {
        check: "migrations",
        make: "UPDATE _sqlx_migrations SET success = false WHERE version = 3",
        mend: "UPDATE _sqlx_migrations SET success = true WHERE version = 3",
        level: "failure",
        code: 1,
        says: "the schema lacks migrations 3",
        fix: "restart the coordinator",
    },
    Fault {
        check: "devices",
        make: "UPDATE devices SET unavailable = 'process 4242 holds 512 MiB of it'",
        mend: "UPDATE devices SET unavailable = NULL",
        level: "warning",
        code: 0,
        says: "process 4242 holds 512 MiB of it",
        fix: "free the device",
    },
];

/// The doctor sees the fault, says what to do, and is content when it is mended.
async fn diagnosed(up: &Up, fault: &Fault) {
    let mut db = PgConnection::connect(&up.database_url()).await.unwrap();
    let look = || {
        let output = up.cli(&["doctor", "--json"]);
        (output.status.code(), finding(&serde_json::from_slice(&output.stdout).unwrap(), fault.check))
    };
    sqlx::raw_sql(fault.make).execute(&mut db).await.unwrap();
    let (code, [level, found, fix]) = look();
    assert_eq!((code, level.as_str()), (Some(fault.code), fault.level), "{found}");
    assert!(found.contains(fault.says) && fix.contains(fault.fix), "{found}; {fix}");
    let screen = String::from_utf8(up.cli(&["doctor"]).stdout).unwrap();
    assert!(screen.contains(&format!("{}: {found}\n  to do: {fix}", fault.check)), "{screen}");
    sqlx::raw_sql(fault.mend).execute(&mut db).await.unwrap();
    let (code, found) = look();
    assert_eq!((code, found[0].as_str()), (Some(0), "ok"), "{found:?}");
}

async fn doctor(up: &Up) {
    let well = up.json(&["doctor"]);
    for check in
        ["coordinator", "clock", "database", "durability", "migrations", "leases", "workers", "devices"]
    {
        assert_eq!(finding(&well, check)[0], "ok", "{well}");
    }
    for fault in &FAULTS {
        diagnosed(up, fault).await;
    }
    let database = up.database_url();
    let away = up.cli(&["doctor", "--server", "http://127.0.0.1:1", "--database-url", &database, "--json"]);
    let document = serde_json::from_slice(&away.stdout).unwrap();
    let [level, found, fix] = finding(&document, "coordinator");
    assert_eq!((away.status.code(), level.as_str()), (Some(1), "failure"), "{document}");
    assert!(
        found.contains("http://127.0.0.1:1 does not answer") && fix.contains("`pedigree up`"),
        "{found}; {fix}"
    );
    assert_eq!(finding(&document, "migrations")[0], "ok", "it looks into the database itself");
}

#[tokio::test]
async fn what_users_do_to_what_runs_is_done_said_and_refused_by_name() {
    let up = Up::start(1, 5).await;
    let sweep = tiny_study(&up, |text| {
        text.replace("trials: 4", "trials: 2").replace("max_epochs: 12", "max_epochs: 2")
    });
    let workers = up.json(&["worker", "list"]);
    let worker = workers[0]["name"].as_str().unwrap();
    assert_eq!(up.json(&["worker", "drain", worker])["hold"], "finish");
    assert_eq!(up.json(&["worker", "drain", worker, "--now"])["hold"], "now");
    let names = ["--dataset", "synthetic", "--backbone", "tiny", "--detach"];
    up.json(&[&["sweep", "run", sweep.to_str().unwrap()], &names[..]].concat());
    assert!(up.json(&["study", "show", "tiny"])["study"]["waits"].is_string());
    names_that_are_not_there(&up);
    every_list(&up);
    holds(&up);
    assert_eq!(up.json(&["worker", "resume", worker])["hold"], "none");
    wait_until_completed(&up, "tiny").await;
    what_has_ended_is_left_alone(&up);
    room(&up);
    retries(&up).await;
    doctor(&up).await;
}
