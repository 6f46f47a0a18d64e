//! Real processes, played by `sh`.

use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;

use nix::sys::signal::kill;
use pedigree_trainer_core::ExitReason;
use tempfile::TempDir;

use super::*;

/// More than any of these processes takes; reached only when a test fails.
const PATIENCE: Duration = Duration::from_secs(30);

struct Scripted {
    process: TrainerProcess,
    folder: TempDir,
}

impl Scripted {
    async fn start(script: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        let process = TrainerProcess::start(command, &folder.path().join("log.txt")).await.unwrap();
        Self { process, folder }
    }

    async fn event(&mut self) -> Option<TrainerEvent> {
        timeout(PATIENCE, self.process.next_event()).await.unwrap()
    }

    async fn exit(&mut self) -> ExitStatus {
        timeout(PATIENCE, self.process.exit()).await.unwrap().unwrap()
    }

    async fn stop(&mut self, grace: Duration) -> ExitStatus {
        timeout(PATIENCE, self.process.stop(grace)).await.unwrap();
        self.process.status.unwrap()
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log.txt")).unwrap()
    }
}

/// Whether a process is there and no zombie.
fn is_alive(pid: i32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

async fn until_gone(pid: i32) {
    let gone = async {
        while is_alive(pid) {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, gone).await.unwrap_or_else(|_| panic!("process {pid} is still alive"));
}

const WANTED: &str = r#"echo '{"event":"test_wanted"}'"#;

#[tokio::test]
async fn events_come_in_order_and_other_lines_go_to_the_log() {
    let unended = r#"printf '%s' '{"event":"test_wanted"}'"#;
    let script = format!("echo stray; {WANTED}; echo to-stderr >&2; {unended}; exit 4");
    let mut trainer = Scripted::start(&script).await;
    assert_eq!(trainer.event().await, Some(TrainerEvent::TestWanted));
    assert_eq!(trainer.event().await, Some(TrainerEvent::TestWanted), "a last line without its end counts");
    assert_eq!(trainer.event().await, None);
    assert_eq!(trainer.exit().await.code(), Some(ExitReason::Diverged.code().into()));
    let log = trainer.log();
    assert!(log.contains("stray\n") && log.contains("to-stderr\n"), "{log:?}");
}

#[tokio::test]
async fn the_trainer_hears_what_it_is_told() {
    let mut trainer = Scripted::start(&format!("{WANTED}; read line; echo \"$line\" >&2")).await;
    assert_eq!(trainer.event().await, Some(TrainerEvent::TestWanted));
    trainer.process.say(&StdinMessage::Test(PathBuf::from("/some/test.conll"))).await.unwrap();
    assert!(trainer.exit().await.success());
    assert_eq!(trainer.log().trim(), r#"{"test":"/some/test.conll"}"#);
}

#[tokio::test]
async fn a_polite_stop_lets_the_trainer_clean_up() {
    let mut trainer =
        Scripted::start(&format!("trap 'echo bye >&2; exit 6' TERM; {WANTED}; while :; do sleep 0.01; done"))
            .await;
    trainer.event().await;
    assert_eq!(trainer.stop(PATIENCE).await.code(), Some(ExitReason::Interrupted.code().into()));
    assert!(trainer.log().ends_with("bye\n"), "{:?}", trainer.log());
}

#[tokio::test]
async fn a_deaf_trainer_is_killed_with_its_whole_group() {
    let script = format!("trap '' TERM; sleep 600 & echo $! >&2; {WANTED}; while :; do sleep 600; done");
    let mut trainer = Scripted::start(&script).await;
    trainer.event().await;
    let grandchild: i32 = trainer.log().trim().parse().unwrap();
    assert!(is_alive(grandchild));
    let status = trainer.stop(Duration::from_millis(50)).await;
    assert_eq!(status.signal(), Some(Signal::SIGKILL as i32));
    until_gone(grandchild).await;
}

#[tokio::test]
async fn a_leader_that_ends_takes_its_group_along() {
    let mut trainer = Scripted::start("sleep 600 & echo $! >&2; exit 0").await;
    assert_eq!(trainer.event().await, None, "the pipe that the grandchild holds must not be waited for");
    assert!(trainer.exit().await.success());
    until_gone(trainer.log().trim().parse().unwrap()).await;
}

#[tokio::test]
async fn a_dropped_trainer_dies() {
    let mut trainer = Scripted::start(&format!("{WANTED}; sleep 600")).await;
    trainer.event().await;
    let pid = trainer.process.group.as_raw();
    drop(trainer);
    until_gone(pid).await;
}

#[tokio::test]
async fn a_trainer_killed_from_outside_shows_the_signal() {
    let mut trainer = Scripted::start(&format!("{WANTED}; sleep 600")).await;
    trainer.event().await;
    kill(trainer.process.group, Signal::SIGKILL).unwrap();
    assert_eq!(trainer.event().await, None);
    assert_eq!(trainer.exit().await.signal(), Some(Signal::SIGKILL as i32));
}
