//! A host that cannot train hands its attempts back at no cost, and takes nothing for a while.

use super::*;

/// The end of the first attempt, and what the coordinator hears next of the device.
async fn end_and_unavailable(running: &Running) -> (Value, String) {
    let end = running.end().await;
    let unavailable = |asked: &Asked| {
        let hello = (asked.path == "/api/v1/workers").then(|| asked.json())?;
        hello["devices"][0]["unavailable"].as_str().map(str::to_owned)
    };
    running.coordinator.until(|seen| seen.iter().any(|asked| unavailable(asked).is_some())).await;
    let said = running.coordinator.seen().iter().find_map(unavailable).unwrap();
    (end["end"].clone(), said)
}

#[tokio::test]
async fn a_trainer_that_cannot_be_loaded_is_the_hosts_fault_and_the_host_waits() {
    let script = "echo 'pedigree: error while loading shared libraries: libcublas.so.12' >&2; exit 127";
    let running = start(script, accepting(work(RunKind::Trial))).await;
    let (end, unavailable) = end_and_unavailable(&running).await;
    assert_eq!((&end["result"], &end["failure"]["cause"]), (&json!("failed"), &json!("host")), "{end}");
    assert!(unavailable.starts_with("this host takes nothing for another 10 s: "), "{unavailable}");
    running.drain().await;
}

#[tokio::test]
async fn an_attempt_for_which_there_is_no_folder_is_handed_back_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let attempts = folder.path().join("worker/attempts");
    let accept = accepting(work(RunKind::Trial));
    let broken = attempts.clone();
    let running = start_in(folder, "exit 0", move |asked| {
        if asked.path == "/api/v1/leases" && broken.is_dir() {
            std::fs::remove_dir_all(&broken).unwrap();
            std::fs::write(&broken, "in the way").unwrap();
        }
        accept(asked)
    })
    .await;
    let (end, unavailable) = end_and_unavailable(&running).await;
    assert_eq!(end["failure"]["cause"], "host", "{end}");
    assert!(unavailable.contains("no folder can be made for an attempt"), "{unavailable}");
    std::fs::remove_file(&attempts).unwrap();
    std::fs::create_dir(&attempts).unwrap();
    running.drain().await;
}
