//! A worker whose coordinator is away, and what its successor tells.

use super::*;

#[tokio::test]
async fn an_outage_longer_than_the_lease_stops_no_trainer_and_everything_is_told_afterwards() {
    let script = format!(
        "{READ_JOB} {}while [ ! -e \"$0.go\" ]; do sleep 0.01; done; {}{}{}",
        say(&epoch(1)),
        say(&epoch(2)),
        write_results(),
        say(&finished()),
    );
    let mut grant = work(RunKind::Trial);
    grant.ttl_ms = 300;
    let away = Arc::new(AtomicBool::new(false));
    let (is_away, accept) = (Arc::clone(&away), accepting(grant));
    let running = start(&script, move |asked| {
        if is_away.load(Ordering::SeqCst) {
            return None;
        }
        match accept(asked) {
            Some((200, body)) if asked.path.ends_with("/attempts/1") => {
                Some((200, String::from_utf8(body).unwrap().replace("3000", "300").into_bytes()))
            }
            answer => answer,
        }
    })
    .await;
    running.until_write("report").await;
    away.store(true, Ordering::SeqCst);
    let silent_from = running.coordinator.seen().len();
    running.coordinator.until(|seen| seen.len() >= silent_from + 6).await;
    std::fs::write(running.folder.path().join("trainer.sh.go"), "").unwrap();
    running.until_end_is_kept().await;
    away.store(false, Ordering::SeqCst);
    assert_eq!(running.end().await["end"]["result"], "completed");
    let reports: Vec<_> = writes(&running.coordinator.seen())
        .iter()
        .filter_map(|write| write["metrics"]["epoch"].as_i64())
        .collect();
    assert!(reports.contains(&1) && reports.contains(&2), "{reports:?}");
    running.drain().await;
}

#[tokio::test]
async fn what_a_killed_worker_had_not_told_is_told_by_the_next_one() {
    let script = format!("{READ_JOB} {}{}{}", say(&epoch(1)), write_results(), say(&finished()));
    let accept = accepting(work(RunKind::Trial));
    // Everything is answered but what the trainer leaves.
    let running = start(&script, move |asked| match &*asked.method {
        "HEAD" => None,
        _ => accept(asked),
    })
    .await;
    running.coordinator.until(|seen| seen.iter().any(|asked| asked.method == "HEAD")).await;
    let running = start_in(running.kill().await, "exit 1", without_work()).await;
    let end = running.end().await;
    assert_eq!(end["end"]["result"], "completed", "{end:#}");
    assert_eq!(end["artifacts"].as_array().unwrap().len(), 4, "{end:#}");
    let told = writes(&running.coordinator.seen());
    assert!(told.iter().any(|write| write["metrics"]["epoch"] == 1), "{told:#?}");
    running
        .coordinator
        .until(|_| std::fs::read_dir(running.folder.path().join("worker/attempts")).unwrap().count() == 0)
        .await;
    running.drain().await;
}

#[tokio::test]
async fn what_a_worker_of_the_release_before_left_is_told_by_the_next_one() {
    let folder = tempfile::tempdir().unwrap();
    let left = folder.path().join("worker/attempts/of-0.1.0");
    std::fs::create_dir_all(&left).unwrap();
    std::fs::write(left.join("grant.json"), include_str!("grant_0_1_0.json")).unwrap();
    let end = r#"{"result":"failed","failure":{"cause":"crashed","message":"it panicked"}}"#;
    std::fs::write(left.join("end.json"), end).unwrap();
    let running = start_in(folder, "exit 1", without_work()).await;
    let told = |seen: &[Asked]| {
        let of_it = |asked: &&Asked| asked.path.ends_with("019a3c5e-7b1f-7d02-9c41-5f2f0f5d8a21/attempts/2");
        seen.iter().filter(of_it).map(Asked::json).find(|write| write["kind"] == "end")
    };
    running.coordinator.until(|seen| told(seen).is_some()).await;
    let end = told(&running.coordinator.seen()).unwrap();
    assert_eq!(end["end"]["failure"]["message"], "it panicked", "{end:#}");
    running.coordinator.until(|_| !left.exists()).await;
    running.drain().await;
}
