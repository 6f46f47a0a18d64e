//! `pedigree up` stopped, or killed, in the middle of a study: the next start goes on from there.

use std::time::Duration;

use pedigree_protocol::run::RunState;
use pedigree_tests::{Up, tiny_study, wait_for};

use crate::invariants::{assert_invariants, wait_until_completed};

async fn up_with_a_running_trial() -> Up {
    let up = Up::start(1, 3).await;
    let sweep = tiny_study(&up, |text| text.replace("trials: 4", "trials: 3"));
    let sweep = sweep.to_str().unwrap();
    up.json(&["sweep", "run", sweep, "--dataset", "synthetic", "--backbone", "tiny", "--detach"]);
    let client = up.client();
    let look = || async { client.runs("tiny").await.unwrap_or_default() };
    wait_for("a running trial", Duration::from_secs(60), look, |runs| {
        runs.iter().any(|run| run.state == RunState::Running)
    })
    .await;
    up
}

#[tokio::test]
async fn ctrl_c_stops_all_in_order_and_the_next_start_resumes() {
    let mut up = up_with_a_running_trial().await;
    let parts: Vec<u32> =
        ["postgres", "coordinator", "worker"].iter().map(|p| up.process(p).unwrap()).collect();
    assert!(up.interrupt().await, "up ends with success after Ctrl-C");
    for pid in parts {
        assert!(!std::path::PathBuf::from(format!("/proc/{pid}")).exists(), "process {pid} is still there");
    }
    assert!(!up.data().join("up.json").exists(), "nothing says that it is up");
    up.start_again().await;
    let study = wait_until_completed(&up, "tiny").await;
    assert_invariants(&up, &study).await;
}

#[tokio::test]
async fn a_killed_up_takes_its_parts_along_and_the_next_start_resumes() {
    let mut up = up_with_a_running_trial().await;
    let parts: Vec<u32> = ["coordinator", "worker"].iter().map(|p| up.process(p).unwrap()).collect();
    up.kill();
    let alive = || async {
        let exists = |pid: &&u32| std::path::PathBuf::from(format!("/proc/{pid}")).exists();
        parts.iter().filter(exists).copied().collect::<Vec<u32>>()
    };
    wait_for("the end of coordinator and worker", Duration::from_secs(60), alive, Vec::is_empty).await;
    up.start_again().await;
    let study = wait_until_completed(&up, "tiny").await;
    assert_invariants(&up, &study).await;
}
