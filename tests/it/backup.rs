//! Backup and restore as docs/operations.md tells them: a dump while a study runs, everything lost after it, and the
//! study ends nevertheless.

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use pedigree_tests::{Up, tiny_study, wait_for, workspace_root};

use crate::invariants::{assert_invariants, wait_until_completed};

fn succeed(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap();
    assert!(status.success(), "{command:?} failed: {}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap()
}

/// The script that starts and stops a cluster without anything over it.
fn postgres(what: &str, cluster: &Path) -> String {
    succeed(Command::new(workspace_root().join("scripts/postgres.sh")).arg(what).arg(cluster))
        .trim()
        .to_owned()
}

#[tokio::test]
async fn a_dump_taken_while_a_study_runs_is_restored_and_the_study_ends() {
    let mut up = Up::start(1, 3).await;
    let sweep = tiny_study(&up, |text| text.replace("trials: 4", "trials: 3"));
    let sweep = sweep.to_str().unwrap();
    up.json(&["sweep", "run", sweep, "--dataset", "synthetic", "--backbone", "tiny", "--detach"]);
    let completed = || async { up.client().study("tiny").await.map_or(0, |study| study.trials.completed) };
    wait_for("the first trial", Duration::from_secs(120), completed, |done| *done >= 1).await;

    let cluster = up.data().join("postgres");
    let url = format!("postgres://pedigree@localhost/postgres?host={}", cluster.join("run").display());
    let dump = up.path("pedigree.dump");
    succeed(Command::new("pg_dump").args(["--format=custom", "--file"]).arg(&dump).arg(&url));
    // What comes after the dump is lost, and must come about again.
    wait_for("the second trial", Duration::from_secs(120), completed, |done| *done >= 2).await;
    assert!(up.interrupt().await);

    let url = postgres("up", &cluster);
    succeed(Command::new("psql").args([
        &url,
        "--quiet",
        "--command",
        "DROP SCHEMA public CASCADE; CREATE SCHEMA public",
    ]));
    succeed(Command::new("pg_restore").args(["--single-transaction", "--dbname", &url]).arg(&dump));
    // The script's clusters are for throwing away: they stop at once, and what is not on disk by then is gone.
    succeed(Command::new("psql").args([&url, "--quiet", "--command", "CHECKPOINT"]));
    postgres("down", &cluster);

    up.start_again().await;
    let study = wait_until_completed(&up, "tiny").await;
    assert_invariants(&up, &study).await;
}
