//! GPUs under a whole worker: the real NVML wrapper over a fake library, real processes as trainers.

use super::*;
use crate::gpu::Allotment;
use crate::gpu::fake::{FIRST, FakeNvml, INSTANCES, SECOND, mig};

const FOREVER: &str = "while :; do sleep 0.01; done";

fn one_gpu() -> String {
    format!("gpu {FIRST} 81920 4 NVIDIA A100-SXM4-80GB\n")
}

/// A worker whose GPUs are the fake's.
async fn start_on(
    fake: &FakeNvml,
    script: &str,
    answers: impl Fn(&Asked) -> Option<Answer> + Send + Sync + 'static,
) -> Running {
    start_on_in(tempfile::tempdir().unwrap(), fake, script, answers).await
}

/// What a worker with such an allotment offers of two GPUs, and what it lists without offering it.
async fn offered(fake: &FakeNvml, allotment: Allotment) -> (Vec<String>, Vec<(String, String)>) {
    let coordinator = ScriptedCoordinator::start(without_work()).await;
    let folder = tempfile::tempdir().unwrap();
    let config = config(coordinator.server(), &folder, "exit 1");
    let config = Config { cpu_slots: 0, nvml_library: Some(fake.library()), allotment, ..config };
    let running = Running::begin(coordinator, folder, config);
    running.coordinator.until(|seen| first_hello(seen).is_some()).await;
    let hello: Hello = serde_json::from_value(first_hello(&running.coordinator.seen()).unwrap()).unwrap();
    running.drain().await;
    let (withheld, offered): (Vec<_>, Vec<_>) =
        hello.devices.into_iter().partition(|device| device.unavailable.is_some());
    let withheld = withheld.into_iter().map(|device| (device.uuid, device.unavailable.unwrap_or_default()));
    (offered.into_iter().map(|device| device.uuid).collect(), withheld.collect())
}

#[tokio::test]
async fn a_worker_offers_the_gpus_that_it_was_allotted_and_no_others() {
    let state = format!("gpu {FIRST} 81920 4 A100\ngpu {SECOND} 81920 4 A100\n");
    let Some(fake) = FakeNvml::build(&state) else { return };
    let cuda = |text: &str| Allotment { cuda: Some(text.into()), ..Allotment::default() };
    let flag = |text: &str| Allotment { flag: Some(vec![text.into()]), ..Allotment::default() };
    assert_eq!(offered(&fake, Allotment::default()).await, (vec![FIRST.into(), SECOND.into()], vec![]));
    for second in [cuda("1"), cuda(SECOND), cuda("GPU-2222"), flag(SECOND)] {
        assert_eq!(offered(&fake, second.clone()).await, (vec![SECOND.into()], vec![]), "{second:?}");
    }
    let folder = tempfile::tempdir().unwrap();
    let refused = async |allotment| {
        let config = config("http://127.0.0.1:9", &folder, "exit 1");
        let config = Config { cpu_slots: 0, nvml_library: Some(fake.library()), allotment, ..config };
        run(config, std::future::pending()).await.unwrap_err()
    };
    let none = refused(cuda("")).await;
    assert_eq!(none.exit_code(), WorkerError::NOTHING_TO_OFFER);
    assert!(none.to_string().contains(&format!("{FIRST}: CUDA_VISIBLE_DEVICES= does not name it")), "{none}");
    let unknown = refused(flag("GPU-9")).await;
    assert!(unknown.to_string().starts_with("--gpus GPU-9: no GPU"), "{unknown}");
}

#[tokio::test]
async fn a_gpu_that_tells_no_memory_is_listed_with_the_reason_beside_one_that_is_offered() {
    let state = format!("gpu {FIRST} 81920 4 A100\ngpu {SECOND} 0 0 GB10\nnomemory {SECOND}\n");
    let Some(fake) = FakeNvml::build(&state) else { return };
    let (offered, withheld) = offered(&fake, Allotment::default()).await;
    assert_eq!(offered, [FIRST]);
    assert!(
        withheld[0].0 == SECOND && withheld[0].1.starts_with("NVML does not tell its memory"),
        "{withheld:?}"
    );
}

/// The same in the folder of an earlier worker.
async fn start_on_in(
    folder: TempDir,
    fake: &FakeNvml,
    script: &str,
    answers: impl Fn(&Asked) -> Option<Answer> + Send + Sync + 'static,
) -> Running {
    let coordinator = ScriptedCoordinator::start(answers).await;
    let config = config(coordinator.server(), &folder, script);
    let config = Config { cpu_slots: 0, nvml_library: Some(fake.library()), ..config };
    Running::begin(coordinator, folder, config)
}

fn hellos(seen: &[Asked]) -> Vec<Value> {
    seen.iter().filter(|asked| asked.path == "/api/v1/workers").map(Asked::json).collect()
}

fn first_hello(seen: &[Asked]) -> Option<Value> {
    hellos(seen).into_iter().next()
}

/// Why the worker said last that the GPU is not offered.
fn unavailable(seen: &[Asked], uuid: &str) -> Option<String> {
    let hello = seen.iter().rfind(|asked| asked.path == "/api/v1/workers")?.json();
    let device = hello["devices"].as_array()?.iter().find(|device| device["uuid"] == uuid)?.clone();
    device["unavailable"].as_str().map(ToOwned::to_owned)
}

fn claims(seen: &[Asked]) -> usize {
    seen.iter().filter(|asked| asked.path == "/api/v1/leases").count()
}

/// A GPU's newest fault, as the coordinator was told.
fn last_incident(seen: &[Asked], uuid: &str) -> Option<String> {
    let readings = seen.iter().rfind(|asked| asked.path == "/api/v1/workers/readings")?.json();
    let gpu = readings["gpus"].as_array()?.iter().find(|gpu| gpu["uuid"] == uuid)?.clone();
    gpu["last_incident"]["what"].as_str().map(ToOwned::to_owned)
}

#[tokio::test]
async fn a_gpu_that_fails_under_a_trainer_fails_the_attempt_and_is_offered_no_more() {
    for (line, fault) in [
        ("xid GPU 79\n", "XID 79 (the GPU has fallen off the bus)"),
        ("dbe GPU\n", "double-bit ECC error"),
        ("lost GPU\n", "the GPU is lost"),
        ("reset GPU\n", "the driver requires a reset of the GPU"),
    ] {
        let Some(fake) = FakeNvml::build(&one_gpu()) else { return };
        let kept = fake.folder().join("kept");
        let script = format!("trap 'touch {}' TERM; {FOREVER}", kept.display());
        let running = start_on(&fake, &script, accepting(work(RunKind::Trial))).await;
        running.until_write("start").await;
        fake.show(&(one_gpu() + &line.replace("GPU", FIRST)));
        let end = running.end().await;
        assert!(!kept.exists(), "what was computed on it is not kept");
        let failure = &end["end"]["failure"];
        assert_eq!(failure["cause"], "device", "{end:#}");
        assert_eq!(failure["evidence"], format!("{fault} on {FIRST}"), "{end:#}");
        let told = |seen: &[Asked]| {
            unavailable(seen, FIRST)
                .is_some_and(|why| why.starts_with(fault) && why.contains("reset the GPU"))
        };
        running.coordinator.until(told).await;
        assert_eq!(claims(&running.coordinator.seen()), 1, "nothing more is asked for");
    }
}

#[tokio::test]
async fn a_trainer_that_dies_beside_a_fault_is_excused_unless_programs_make_it() {
    for (line, fault, cause) in [
        ("xid GPU 94\n", "XID 94 (contained ECC error)", "device"),
        ("noevents GPU\necc GPU 3\n", "2 uncorrectable ECC errors", "device"),
        ("xid GPU 31\n", "XID 31 (memory page fault)", "crashed"),
    ] {
        let before = one_gpu() + &format!("ecc {FIRST} 1\n");
        let Some(fake) = FakeNvml::build(&before) else { return };
        let go = fake.folder().join("go");
        let script = format!("while [ ! -e '{}' ]; do sleep 0.01; done; exit 101", go.display());
        let running = start_on(&fake, &script, accepting(work(RunKind::Trial))).await;
        running.until_write("start").await;
        fake.show(&(before + &line.replace("GPU", FIRST)));
        running.coordinator.until(|seen| last_incident(seen, FIRST).as_deref() == Some(fault)).await;
        std::fs::write(go, "").unwrap();
        let failure = running.end().await["end"]["failure"].clone();
        assert_eq!(failure["cause"], cause, "{failure:#}");
        let named = failure["evidence"] == format!("{fault} on {FIRST}");
        assert_eq!(named, cause == "device", "{failure:#}");
        running.drain().await;
    }
}

#[tokio::test]
async fn a_gpu_with_a_foreign_process_is_not_asked_work_for() {
    let occupied = one_gpu() + &format!("process {FIRST} 4242 30000\n");
    let Some(fake) = FakeNvml::build(&occupied) else { return };
    let running = start_on(&fake, "exit 101", accepting(work(RunKind::Trial))).await;
    let named = |seen: &[Asked]| unavailable(seen, FIRST).is_some_and(|why| why.contains("process 4242"));
    running.coordinator.until(named).await;
    assert_eq!(claims(&running.coordinator.seen()), 0);
    fake.show(&one_gpu());
    running.end().await;
    assert_eq!(unavailable(&running.coordinator.seen(), FIRST), None);
    running.drain().await;
}

#[tokio::test]
async fn a_process_that_comes_between_claim_and_start_hands_the_run_back() {
    let Some(fake) = FakeNvml::build(&one_gpu()) else { return };
    let fake = Arc::new(fake);
    let (accept, intruder) = (accepting(work(RunKind::Trial)), Arc::clone(&fake));
    let running = start_on(&fake, "exit 101", move |asked| {
        if asked.method == "GET" {
            intruder.show(&(one_gpu() + &format!("process {FIRST} 4242 30000\n")));
        }
        accept(asked)
    })
    .await;
    assert_eq!(running.end().await["end"]["result"], "released");
    let told = writes(&running.coordinator.seen());
    assert!(!kinds(&told).contains(&"start"), "no trainer was started: {told:#?}");
    running.drain().await;
}

#[tokio::test]
async fn a_gpu_is_given_back_when_its_trainers_memory_is_gone() {
    let Some(fake) = FakeNvml::build(&one_gpu()) else { return };
    let ended = fake.folder().join("ended");
    let script = format!("while [ ! -e '{}' ]; do sleep 0.01; done; exit 101", ended.display());
    let running = start_on(&fake, &script, accepting(work(RunKind::Trial))).await;
    running.until_write("start").await;
    // Less than what any process is suspected for: it counts because it was not there before.
    fake.show(&format!("gpu {FIRST} 81920 500 NVIDIA A100-SXM4-80GB\n"));
    std::fs::write(ended, "").unwrap();
    let told = |seen: &[Asked]| {
        unavailable(seen, FIRST).is_some_and(|why| why.starts_with("496 MiB of the GPU are still in use"))
    };
    running.coordinator.until(told).await;
    assert_eq!(kinds(&writes(&running.coordinator.seen())).last(), Some(&"end"), "the run need not wait");
    let looks = fake.count_looks();
    while std::fs::read(&looks).unwrap().len() < 2 {
        sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(claims(&running.coordinator.seen()), 1, "nothing is asked for meanwhile");
    fake.show(&one_gpu());
    running.coordinator.until(|seen| claims(seen) == 2 && unavailable(seen, FIRST).is_none()).await;
    running.drain().await;
}

#[tokio::test]
async fn an_end_waits_a_moment_for_the_trainers_memory() {
    let Some(fake) = FakeNvml::build(&one_gpu()) else { return };
    let ended = fake.folder().join("ended");
    let script = format!("while [ ! -e '{}' ]; do sleep 0.01; done; exit 101", ended.display());
    let running = start_on(&fake, &script, accepting(work(RunKind::Trial))).await;
    running.until_write("start").await;
    fake.show(&format!("gpu {FIRST} 81920 9000 NVIDIA A100-SXM4-80GB\n"));
    std::fs::write(ended, "").unwrap();
    // What is kept on disk once the trainer has ended.
    let attempt = std::fs::read_dir(running.folder.path().join("worker/attempts")).unwrap().next().unwrap();
    let kept = attempt.unwrap().path().join("end.json");
    while !kept.exists() {
        sleep(Duration::from_millis(10)).await;
    }
    let looks = fake.count_looks();
    while std::fs::read(&looks).unwrap().len() < 3 {
        sleep(Duration::from_millis(10)).await;
    }
    assert!(!kinds(&writes(&running.coordinator.seen())).contains(&"end"), "the memory is still there");
    fake.show(&one_gpu());
    running.end().await;
    assert_eq!(unavailable(&running.coordinator.seen(), FIRST), None);
    running.drain().await;
}

#[tokio::test]
async fn a_driver_that_hangs_holds_up_no_attempts_end() {
    let Some(fake) = FakeNvml::build(&one_gpu()) else { return };
    let ended = fake.folder().join("ended");
    let script = format!("while [ ! -e '{}' ]; do sleep 0.01; done; exit 101", ended.display());
    let running = start_on(&fake, &script, accepting(work(RunKind::Trial))).await;
    running.until_write("start").await;
    fake.show(&(one_gpu() + &format!("hang {FIRST}\n")));
    std::fs::write(ended, "").unwrap();
    assert_eq!(running.end().await["end"]["failure"]["cause"], "crashed");
    let told =
        |seen: &[Asked]| unavailable(seen, FIRST).is_some_and(|why| why.contains("NVML does not answer"));
    running.coordinator.until(told).await;
    assert_eq!(claims(&running.coordinator.seen()), 1, "nothing is asked for meanwhile");
    fake.show(&one_gpu());
    running.coordinator.until(|seen| claims(seen) >= 2 && unavailable(seen, FIRST).is_none()).await;
    running.drain().await;
}

#[tokio::test]
async fn a_trainer_is_given_one_mig_instance_and_its_energy_is_the_whole_gpus() {
    let shown = |joules: u32| mig() + &format!("energy {FIRST} {joules}000\nlost {SECOND}\n");
    let Some(fake) = FakeNvml::build(&shown(100)) else { return };
    let go = fake.folder().join("go");
    let script = format!(
        "echo visible $CUDA_VISIBLE_DEVICES >&2; while [ ! -e '{}' ]; do sleep 0.01; done; exit 101",
        go.display()
    );
    let running = start_on(&fake, &script, accepting(work(RunKind::Trial))).await;
    let log = running.until_write("log").await;
    let seen = running.coordinator.seen();
    let hello = seen.iter().find(|asked| asked.path == "/api/v1/workers").unwrap().json();
    let offered: Vec<_> = hello["devices"].as_array().unwrap().iter().map(|device| &device["uuid"]).collect();
    assert_eq!(offered, INSTANCES);
    let text = log.iter().find_map(|write| write["text"].as_str()).unwrap();
    let visible = text.trim().strip_prefix("visible ").unwrap();
    assert!(INSTANCES.contains(&visible), "{text}");
    fake.show(&shown(160));
    std::fs::write(go, "").unwrap();
    assert_eq!(running.end().await["energy"], json!({"joules": 60.0, "source": "shared"}));
    running.drain().await;
}

async fn until_kept(folder: &TempDir, fault: &str) {
    let kept = folder.path().join("worker/unfit.json");
    timeout(PATIENCE, async {
        while !std::fs::read_to_string(&kept).is_ok_and(|kept| kept.contains(fault)) {
            sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .expect("the fault is kept");
}

#[tokio::test]
async fn a_fault_that_the_coordinator_has_not_heard_of_is_told_by_the_next_worker() {
    let Some(fake) = FakeNvml::build(&one_gpu()) else { return };
    let away = Arc::new(AtomicBool::new(false));
    let (is_away, answer) = (Arc::clone(&away), without_work());
    let running =
        start_on(
            &fake,
            "exit 1",
            move |asked| if is_away.load(Ordering::SeqCst) { None } else { answer(asked) },
        )
        .await;
    running.coordinator.until(|seen| claims(seen) > 0).await;
    let first = first_hello(&running.coordinator.seen()).unwrap();
    assert_eq!((&first["follows"], &first["unfit"]), (&Value::Null, &Value::Null));
    away.store(true, Ordering::SeqCst);
    fake.show(&(one_gpu() + &format!("xid {FIRST} 79\n")));
    until_kept(&running.folder, "XID 79").await;

    // Its driver was loaded anew and tells nothing of it.
    fake.show(&one_gpu());
    let running = start_on_in(running.kill().await, &fake, "exit 1", without_work()).await;
    running.coordinator.until(|seen| claims(seen) > 0).await;
    let second = first_hello(&running.coordinator.seen()).unwrap();
    assert_eq!((&second["follows"], &second["unfit"]), (&first["worker_id"], &json!([FIRST])));
    let why = second["devices"][0]["unavailable"].as_str().unwrap();
    assert!(why.starts_with("XID 79") && why.contains(&format!("pedigree worker release {FIRST}")), "{why}");
    let later = hellos(&running.coordinator.seen()).split_off(1);
    assert!(!later.is_empty(), "the GPU is found in order, which is said");
    assert!(later.iter().all(|hello| hello["unfit"].is_null()), "a user may have released it: {later:#?}");

    let running = start_on_in(running.kill().await, &fake, "exit 1", without_work()).await;
    running.coordinator.until(|seen| claims(seen) > 0).await;
    let third = first_hello(&running.coordinator.seen()).unwrap();
    assert_eq!(
        (&third["follows"], &third["unfit"]),
        (&second["worker_id"], &Value::Null),
        "it was told once"
    );
    running.drain().await;
}

#[tokio::test]
async fn a_fault_while_the_worker_drains_is_kept_for_the_next_one() {
    let Some(fake) = FakeNvml::build(&one_gpu()) else { return };
    let (asked_to_stop, accept) = (fake.folder().join("asked"), accepting(work(RunKind::Trial)));
    let (away, script) = (
        Arc::new(AtomicBool::new(false)),
        format!("trap 'touch {}' TERM; {FOREVER}", asked_to_stop.display()),
    );
    let is_away = Arc::clone(&away);
    let mut running =
        start_on(
            &fake,
            &script,
            move |asked| {
                if is_away.load(Ordering::SeqCst) { None } else { accept(asked) }
            },
        )
        .await;
    running.until_write("start").await;
    away.store(true, Ordering::SeqCst);
    std::mem::replace(&mut running.stop, oneshot::channel().0).send(()).unwrap();
    while !asked_to_stop.exists() {
        sleep(Duration::from_millis(10)).await;
    }
    fake.show(&(one_gpu() + &format!("xid {FIRST} 79\n")));
    until_kept(&running.folder, "XID 79").await;
}

#[tokio::test]
async fn a_fault_of_one_mig_instance_leaves_its_neighbour_at_work() {
    let state = mig() + &format!("lost {SECOND}\n");
    let Some(fake) = FakeNvml::build(&state) else { return };
    let running = start_on(&fake, "exit 1", without_work()).await;
    running.coordinator.until(|seen| claims(seen) > 1).await;
    fake.show(&(state + &format!("xid {FIRST} 95 2 0\n")));
    let told = |seen: &[Asked]| hellos(seen).iter().any(|hello| hello["unfit"] == json!([INSTANCES[1]]));
    running.coordinator.until(told).await;
    assert_eq!(unavailable(&running.coordinator.seen(), INSTANCES[0]), None);
    let claims_of = |seen: &[Asked], uuid: &str| {
        seen.iter()
            .filter(|asked| asked.path == "/api/v1/leases" && asked.json()["device_uuid"] == uuid)
            .count()
    };
    let before = claims_of(&running.coordinator.seen(), INSTANCES[0]);
    running.coordinator.until(|seen| claims_of(seen, INSTANCES[0]) > before + 1).await;
    running.drain().await;
}
