//! GPUs under a real worker and a real coordinator: who is given work, and what follows when one fails. NVML is the real
//! wrapper over a fake library, the trainer a scripted one.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use pedigree_protocol::RunId;
use pedigree_protocol::fleet::Worker;
use pedigree_protocol::run::{AttemptRecord, AttemptState, FailureCause};
use pedigree_protocol::study::StudyState;
use pedigree_tests::chaos::{StudySize, create_study, register_content};
use pedigree_tests::{FakeNvml, Up, binary, built, wait_for};
use serde_json::Value;

const LIMIT: Duration = Duration::from_secs(60);
const FREE: &str = "GPU-11111111-0000-4000-8000-000000000001";
const OCCUPIED: &str = "GPU-22222222-0000-4000-8000-000000000002";
const DIVIDED: &str = "GPU-33333333-0000-4000-8000-000000000003";
const INSTANCES: [&str; 2] =
    ["MIG-33333333-0000-5000-8000-000000000007", "MIG-33333333-0000-5000-8000-000000000008"];

/// Three A100s: one is free, on one sits somebody else, one is divided in two.
fn host() -> String {
    let [small, large] = INSTANCES;
    format!(
        "gpu {FREE} 81920 4 NVIDIA A100-SXM4-80GB\ntemperature {FREE} 34\nutilisation {FREE} 0\nenergy {FREE} 1000\n\
         gpu {OCCUPIED} 81920 30004 NVIDIA A100-SXM4-80GB\nprocess {OCCUPIED} 4242 30000\n\
         gpu {DIVIDED} 81920 40 NVIDIA A100-SXM4-80GB\nmig {DIVIDED}\npower {DIVIDED} 250000\n\
         instance {small} {DIVIDED} 9728 12 NVIDIA A100-SXM4-80GB MIG 1g.10gb\n\
         instance {large} {DIVIDED} 19968 25 NVIDIA A100-SXM4-80GB MIG 2g.20gb\n"
    )
}

/// A `pedigree worker` of a test. Dropping it kills it; its trainers notice.
struct GpuWorker(Child);

impl GpuWorker {
    fn start(up: &Up, nvml: &Path) -> Self {
        let log = std::fs::File::create(up.path("gpu-worker.log")).unwrap();
        let mut command = Command::new(binary());
        command.args(["worker", "--name", "gpus", "--threads", "1", "--nvml-library"]).arg(nvml);
        command.arg("--folder").arg(up.path("gpu-worker")).arg("--trainer").arg(built("scripted-trainer"));
        command.env("PEDIGREE_DATA", up.data()).env("SCRIPTED_TRAINER_EPOCH_MS", "250");
        command.env_remove("PEDIGREE_SERVER").stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        Self(command.spawn().unwrap())
    }
}

impl Drop for GpuWorker {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _ended = self.0.wait();
    }
}

/// What `pedigree gpu list` shows once each GPU fulfils a condition.
async fn until_listed(up: &Up, what: &str, fulfilled: impl Fn(&Value) -> bool) -> Vec<Value> {
    let look = || async { up.json(&["gpu", "list"]).as_array().unwrap().clone() };
    wait_for(what, LIMIT, look, |gpus| gpus.len() == 4 && gpus.iter().all(&fulfilled)).await
}

fn of<'a>(gpus: &'a [Value], uuid: &str) -> &'a Value {
    gpus.iter().find(|gpu| gpu["device"]["uuid"] == uuid).unwrap()
}

async fn attempts(up: &Up) -> Vec<(RunId, AttemptRecord)> {
    let client = up.client();
    let mut all = Vec::new();
    for run in client.runs("study").await.unwrap() {
        let attempts = client.run(run.id).await.unwrap().attempts;
        all.extend(attempts.into_iter().map(|attempt| (run.id, attempt)));
    }
    all
}

#[tokio::test]
async fn gpus_are_given_out_by_what_nvml_says() {
    let up = Up::start(1, 3).await;
    let Some(fake) = FakeNvml::build(&up.data(), &host()) else {
        eprintln!("SKIPPED: there is no C compiler `cc` for the fake NVML");
        return;
    };
    let own = up.client().workers().await.unwrap()[0].id.to_string();
    up.json(&["worker", "drain", &own]);
    register_content(&up.client()).await.unwrap();
    let _worker = GpuWorker::start(&up, fake.library());
    let occupied = |gpu: &Value| {
        gpu["device"]["uuid"] != OCCUPIED || gpu["state"].as_str().unwrap().contains("process 4242")
    };
    let gpus = until_listed(&up, "readings", |gpu| !gpu["shown"]["reading"].is_null() && occupied(gpu)).await;
    assert_eq!(of(&gpus, FREE)["shown"]["reading"]["temperature_c"], 34);
    let instance = &of(&gpus, INSTANCES[0])["shown"]["reading"];
    assert_eq!((&instance["parent"], &instance["power_w"]), (&DIVIDED.into(), &250.0.into()), "{instance}");

    let size = StudySize { trials: 5, max_concurrent: 3, epochs: 6 };
    create_study(&up.client(), "study", size).await.unwrap();
    let runs_on_free = |all: &Vec<(RunId, AttemptRecord)>| {
        all.iter().any(|(_, a)| a.device_uuid == FREE && a.state == AttemptState::Running)
    };
    wait_for("a trainer on the free GPU", LIMIT, || attempts(&up), runs_on_free).await;
    fake.show(&(host() + &format!("xid {FREE} 79\n")));
    let client = up.client();
    let study = || async { client.study("study").await.unwrap().state };
    wait_for("the study's end", LIMIT, study, |state| *state == StudyState::Completed).await;
    judge(&attempts(&up).await);

    let gpus = until_listed(&up, "the GPUs at the end", |gpu| !gpu["shown"].is_null()).await;
    assert_eq!(of(&gpus, FREE)["shown"]["reading"]["last_incident"]["xid"], 79);
    assert!(of(&gpus, FREE)["state"].as_str().unwrap().contains("reset the GPU"), "{gpus:#?}");
    let table = String::from_utf8(up.cli(&["gpu", "list"]).stdout).unwrap();
    assert!(
        table.contains("XID 79 (the GPU has fallen off the bus), ") && table.contains("30004/81920"),
        "{table}"
    );
}

/// A worker that is killed and started again: its drain and its failed GPU are as before, until a user says otherwise.
#[tokio::test]
async fn a_restart_forgets_neither_a_drain_nor_a_failed_gpu() {
    let up = Up::start(1, 3).await;
    let Some(fake) = FakeNvml::build(&up.data(), &host()) else {
        eprintln!("SKIPPED: there is no C compiler `cc` for the fake NVML");
        return;
    };
    let worker = GpuWorker::start(&up, fake.library());
    let state = |gpus: &[Value], uuid: &str| of(gpus, uuid)["state"].as_str().unwrap().to_owned();
    until_listed(&up, "readings", |gpu| !gpu["shown"]["reading"].is_null()).await;
    fake.show(&(host() + &format!("xid {FREE} 79\nxid {DIVIDED} 95 2 0\n")));
    let failed = |gpu: &Value| {
        let uuid = gpu["device"]["uuid"].as_str().unwrap();
        let is_out = gpu["state"].as_str().unwrap().starts_with("out of use: XID");
        is_out == [FREE, INSTANCES[1]].contains(&uuid)
    };
    until_listed(&up, "the failed GPUs", failed).await;
    let first = worker_id(&up, None).await;
    up.json(&["worker", "drain", &first]);

    drop(worker);
    fake.show(&host());
    let _worker = GpuWorker::start(&up, fake.library());
    let second = worker_id(&up, Some(&first)).await;
    let listed = || async { up.client().workers().await.unwrap() };
    let gone =
        |workers: &Vec<Worker>| workers.iter().all(|worker| worker.id.to_string() != first || !worker.alive);
    wait_for("the first worker's end", LIMIT, listed, gone).await;
    let gpus = until_listed(&up, "the GPUs after the restart", failed).await;
    assert!(state(&gpus, INSTANCES[0]).starts_with("drained"), "{gpus:#?}");
    up.json(&["worker", "resume", &second]);
    up.json(&["worker", "release", FREE]);
    let back = |gpu: &Value| {
        let state = gpu["state"].as_str().unwrap();
        gpu["device"]["uuid"] == OCCUPIED
            || (gpu["device"]["uuid"] == INSTANCES[1]) == state.starts_with("out of use")
                && !state.starts_with("drained")
    };
    until_listed(&up, "what is in use again", back).await;
}

/// The newest worker called `gpus`, once it is another than `before`.
async fn worker_id(up: &Up, before: Option<&str>) -> String {
    let newest = || async {
        let workers = up.client().workers().await.unwrap();
        workers.into_iter().find(|worker| worker.name == "gpus").map(|worker| worker.id.to_string())
    };
    let is_new = |id: &Option<String>| id.as_deref().is_some_and(|id| Some(id) != before);
    wait_for("a worker", LIMIT, newest, is_new).await.unwrap()
}

/// One attempt failed with its GPU and was made good elsewhere; all others were right.
fn judge(all: &[(RunId, AttemptRecord)]) {
    let (failed, right): (Vec<_>, Vec<_>) = all.iter().partition(|(_, a)| a.state != AttemptState::Completed);
    let [(run, attempt)] = failed.as_slice() else { panic!("{failed:#?}") };
    let failure = attempt.failure.as_ref().unwrap();
    assert_eq!((failure.cause, attempt.device_uuid.as_str()), (FailureCause::Device, FREE), "{attempt:#?}");
    let evidence = failure.evidence.as_deref().unwrap();
    assert_eq!(evidence, format!("XID 79 (the GPU has fallen off the bus) on {FREE}"));
    assert!(attempt.consequence.as_deref().unwrap().contains("on another device"), "{attempt:#?}");
    let (_, second) = right.iter().find(|(other, _)| other == run).unwrap();
    assert!(INSTANCES.contains(&second.device_uuid.as_str()), "{second:#?}");
    assert!(right.iter().all(|(_, attempt)| attempt.device_uuid != OCCUPIED), "{right:#?}");
}
