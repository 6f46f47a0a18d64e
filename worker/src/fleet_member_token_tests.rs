//! A worker whose token is revoked or has expired.

use super::*;

fn refused() -> Option<Answer> {
    refusal(401, "unauthorized")
}

#[tokio::test]
async fn an_idle_worker_whose_token_is_revoked_ends_with_a_code_of_its_own() {
    let running = start("exit 1", |asked| match &*asked.path {
        "/api/v1/workers" => ok(json!({"lease_ttl_ms": 3000})),
        _ => refused(),
    })
    .await;
    let error = timeout(PATIENCE, running.worker).await.unwrap().unwrap().unwrap_err();
    assert!(matches!(error, WorkerError::TokenRefused { .. }), "{error}");
    assert_eq!(error.exit_code(), WorkerError::TOKEN_NOT_TAKEN);
    assert!(error.to_string().contains("pedigree token create"), "{error}");
}

#[tokio::test]
async fn what_trains_when_the_token_is_revoked_goes_on_and_is_told_once_it_is_taken_again() {
    let script = format!(
        "{READ_JOB} {}while [ ! -e \"$0.go\" ]; do sleep 0.01; done; {}{}{}",
        say(&epoch(1)),
        say(&epoch(2)),
        write_results(),
        say(&finished()),
    );
    let is_revoked = Arc::new(AtomicBool::new(false));
    let (revoked, accept) = (Arc::clone(&is_revoked), accepting(work(RunKind::Trial)));
    let coordinator = ScriptedCoordinator::start(move |asked| match revoked.load(Ordering::SeqCst) {
        true => refused(),
        false => accept(asked),
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    // The second slot is idle: it asks for work, and is refused too.
    let config = Config { cpu_slots: 2, ..config(coordinator.server(), &folder, &script) };
    let running = Running::begin(coordinator, folder, config);
    running.until_write("report").await;
    is_revoked.store(true, Ordering::SeqCst);
    let from = running.coordinator.seen().len();
    let is_claim = |asked: &Asked| asked.path == "/api/v1/leases";
    running.coordinator.until(|seen| seen[from..].iter().filter(|asked| is_claim(asked)).count() >= 2).await;
    std::fs::write(running.folder.path().join("trainer.sh.go"), "").unwrap();
    running.until_end_is_kept().await;
    let from = running.coordinator.seen().len();
    running.coordinator.until(|seen| seen.len() >= from + 4).await;
    assert!(!running.worker.is_finished(), "results wait to be told");
    is_revoked.store(false, Ordering::SeqCst);
    assert_eq!(running.end().await["end"]["result"], "completed");
    running.drain().await;
}

/// A worker that is started with another token finds what an earlier one left, and may not tell it.
#[tokio::test]
async fn what_another_token_left_stays_on_disk_until_that_token_comes_back() {
    let script = format!("{READ_JOB} {}{}{}", say(&epoch(1)), write_results(), say(&finished()));
    let accept = accepting(work(RunKind::Trial));
    let running = start(&script, move |asked| match &*asked.method {
        "HEAD" => None,
        _ => accept(asked),
    })
    .await;
    running.coordinator.until(|seen| seen.iter().any(|asked| asked.method == "HEAD")).await;
    let folder = running.kill().await;
    let attempts = |folder: &tempfile::TempDir| {
        std::fs::read_dir(folder.path().join("worker/attempts")).unwrap().count()
    };
    let other = without_work();
    let running = start_in(folder, "exit 1", move |asked| match asked.path.contains("/attempts/") {
        true => refusal(403, "forbidden"),
        false => other(asked),
    })
    .await;
    let is_write = |asked: &&Asked| asked.path.ends_with("/attempts/1");
    running.coordinator.until(|seen| seen.iter().any(|asked| is_write(&asked))).await;
    running
        .coordinator
        .until(|seen| seen.iter().filter(|asked| asked.path == "/api/v1/leases").count() > 1)
        .await;
    assert_eq!(writes(&running.coordinator.seen()).len(), 1, "it is not asked again and again");
    assert_eq!(attempts(&running.folder), 1);
    let running = start_in(running.kill().await, "exit 1", without_work()).await;
    assert_eq!(running.end().await["end"]["result"], "completed");
    running.coordinator.until(|_| attempts(&running.folder) == 0).await;
    running.drain().await;
}
