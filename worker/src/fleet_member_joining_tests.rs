//! A worker that introduces itself: to a coordinator that is absent, forgets it, refuses it, or is of another release.

use super::*;

#[tokio::test]
async fn a_coordinator_that_forgot_the_worker_hears_hello_again() {
    let accept = accepting(work(RunKind::Trial));
    let is_forgotten = AtomicBool::new(true);
    let running = start("exit 1", move |asked| {
        if asked.path == "/api/v1/leases" && is_forgotten.swap(false, Ordering::SeqCst) {
            return refusal(404, "not_found");
        }
        accept(asked)
    })
    .await;
    running.end().await;
    let seen = running.coordinator.seen();
    let hellos: Vec<_> =
        seen.iter().filter(|asked| asked.path == "/api/v1/workers").map(Asked::json).collect();
    assert_eq!(hellos.len(), 2);
    assert_eq!(hellos[0], hellos[1], "it is the same worker");
    running.drain().await;
}

#[tokio::test]
async fn a_wrong_token_is_told_at_the_start() {
    let running = start("exit 1", |_| refusal(401, "unauthorized")).await;
    let error = timeout(PATIENCE, running.worker).await.unwrap().unwrap().unwrap_err();
    assert!(matches!(error, WorkerError::TokenRefused { .. }), "{error}");
    assert_eq!(error.exit_code(), WorkerError::TOKEN_NOT_TAKEN);
}

/// Whatever it asks, the coordinator says that it is of another release.
async fn ends_with_the_sentence(running: Running) {
    let error = timeout(PATIENCE, running.worker).await.unwrap().unwrap().unwrap_err();
    let WorkerError::Refused { source, .. } = &error else { panic!("{error}") };
    assert_eq!(source.to_string(), "scripted");
}

#[tokio::test]
async fn a_worker_of_another_release_ends_at_its_first_hello() {
    ends_with_the_sentence(start("exit 1", |_| refusal(409, "conflict")).await).await;
}

#[tokio::test]
async fn a_worker_whose_coordinator_was_upgraded_ends_at_its_next_claim_or_hello() {
    for forgotten in [false, true] {
        let hellos = std::sync::atomic::AtomicUsize::new(0);
        let running = start("exit 1", move |asked| match &*asked.path {
            "/api/v1/workers" if hellos.fetch_add(1, Ordering::SeqCst) == 0 => {
                ok(json!({"lease_ttl_ms": 3000}))
            }
            "/api/v1/leases" if forgotten => refusal(404, "not_found"),
            _ => refusal(409, "conflict"),
        })
        .await;
        ends_with_the_sentence(running).await;
    }
}

#[tokio::test]
async fn a_slot_that_is_refused_lets_the_attempt_of_another_one_end() {
    let accept = accepting(work(RunKind::Trial));
    let script = format!(
        "{READ_JOB} while [ ! -e \"$0.go\" ]; do sleep 0.01; done; {}{}{}",
        say(&epoch(1)),
        write_results(),
        say(&finished()),
    );
    let granted = AtomicBool::new(false);
    let coordinator = ScriptedCoordinator::start(move |asked| match &*asked.path {
        "/api/v1/leases" if granted.swap(true, Ordering::SeqCst) => refusal(409, "conflict"),
        _ => accept(asked),
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(coordinator.server(), &folder, &script);
    config.cpu_slots = 2;
    let running = Running::begin(coordinator, folder, config);
    running
        .coordinator
        .until(|seen| seen.iter().filter(|asked| asked.path == "/api/v1/leases").count() >= 2)
        .await;
    running.until_write("start").await;
    std::fs::write(running.folder.path().join("trainer.sh.go"), "").unwrap();
    assert_eq!(running.end().await["end"]["result"], "completed");
    ends_with_the_sentence(running).await;
}

#[tokio::test]
async fn a_worker_without_any_device_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config("http://127.0.0.1:9", &folder, "exit 1");
    config.cpu_slots = 0;
    let probe = gpu::open(None).unwrap();
    if !probe.inventory().unwrap().is_empty() {
        eprintln!("SKIPPED: this host has a GPU");
        return;
    }
    let error = run(config, std::future::pending()).await.unwrap_err();
    assert!(error.to_string().contains("--cpu-slots N"), "{error}");
}

#[tokio::test]
async fn a_worker_waits_for_an_absent_coordinator_until_it_is_told_to_end() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let server = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let folder = tempfile::tempdir().unwrap();
    let config = config(&server, &folder, "exit 1");
    let (stop, stopped) = oneshot::channel::<()>();
    let worker = AbortOnDropHandle::new(tokio::spawn(run(config, async move {
        let _stop = stopped.await;
    })));
    let address = server.trim_start_matches("http://").to_owned();
    // Its first connections are refused; the address then comes to life.
    let coordinator = ScriptedCoordinator::start_at(&address, accepting(work(RunKind::Trial))).await;
    coordinator.until(|seen| seen.iter().any(|asked| asked.path == "/api/v1/leases")).await;
    stop.send(()).unwrap();
    timeout(PATIENCE, worker).await.unwrap().unwrap().unwrap();
}
