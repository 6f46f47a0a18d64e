//! The real NVML wrapper against a library that shows what a test writes.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use nvml_wrapper::error::NvmlError;

use super::fake::{FIRST, FakeNvml, INSTANCES, SECOND, mig};
use super::fault::Fault;
use super::*;

const MIB: u64 = 1 << 20;

fn idle() -> String {
    format!("gpu {FIRST} 81920 4 NVIDIA A100-SXM4-80GB\ngpu {SECOND} 24576 300 NVIDIA RTX A5000\n")
}

#[test]
fn lists_each_gpu_with_name_and_memory() {
    let Some(fake) = FakeNvml::build(&idle()) else { return };
    let gpus = fake.probe().inventory().unwrap();
    let seen: Vec<_> =
        gpus.iter().map(|gpu| (&*gpu.uuid, &*gpu.name, gpu.memory_bytes.clone().unwrap() / MIB)).collect();
    assert_eq!(seen, [(FIRST, "NVIDIA A100-SXM4-80GB", 81920), (SECOND, "NVIDIA RTX A5000", 24576)]);
}

#[test]
fn an_idle_gpu_is_free_even_with_a_desktop_on_it() {
    let Some(fake) = FakeNvml::build(&idle()) else { return };
    let probe = fake.probe();
    assert_eq!(probe.usage(FIRST).unwrap().foreign(), None);
    assert_eq!(probe.usage(SECOND).unwrap().foreign(), None);
}

#[test]
fn a_foreign_process_is_named_and_frees_the_gpu_by_ending() {
    let Some(fake) = FakeNvml::build(&idle()) else { return };
    let probe = fake.probe();
    fake.show(&format!("{}process {SECOND} 4242 512\nprocess {SECOND} 4243 512\n", idle()));
    let sentence = probe.usage(SECOND).unwrap().foreign().unwrap();
    assert!(
        sentence.contains("process 4242 (program-4242) with 512 MiB and 1 more use the GPU"),
        "{sentence}"
    );
    assert_eq!(probe.usage(FIRST).unwrap().foreign(), None, "the other GPU is not concerned");
    fake.show(&idle());
    assert_eq!(probe.usage(SECOND).unwrap().foreign(), None);
}

#[test]
fn memory_of_a_process_that_nvml_does_not_show_counts() {
    let Some(fake) = FakeNvml::build(&format!("gpu {FIRST} 81920 3000 A\n")) else { return };
    let sentence = fake.probe().usage(FIRST).unwrap().foreign().unwrap();
    assert!(sentence.starts_with("3000 MiB"), "{sentence}");
}

/// Complaint 23 (ray 23971, 32725, 18299): a GPU is given to the next trial before the last one's memory is free.
#[test]
fn complaint_23_a_trainer_has_left_once_its_process_and_its_memory_are_gone() {
    let Some(fake) = FakeNvml::build(&idle()) else { return };
    let probe = fake.probe();
    let before = probe.usage(FIRST).unwrap();
    let left_after = |state: String| {
        fake.show(&state);
        probe.usage(FIRST).unwrap().is_back_to(&before)
    };
    assert!(!left_after(format!("gpu {FIRST} 81920 9000 A\nprocess {FIRST} 77 8996\n")), "still running");
    assert!(!left_after(format!("gpu {FIRST} 81920 500 A\n")), "memory still held");
    assert!(left_after(format!("gpu {FIRST} 81920 10 A\n")));
}

#[test]
fn what_a_gpu_counts_is_read_and_what_it_does_not_is_absent() {
    let Some(fake) = FakeNvml::build(&idle()) else { return };
    let probe = fake.probe();
    assert_eq!(probe.reading(FIRST), Reading::default());
    let counts =
        "energy {} 61000\npower {} 250000\nlimit {} 400000\necc {} 2\ntemperature {} 34\nutilisation {} 97\n";
    fake.show(&(idle() + &counts.replace("{}", FIRST)));
    let expected = Reading {
        energy_mj: Some(61_000),
        power_mw: Some(250_000),
        limit_mw: Some(400_000),
        temperature_c: Some(34),
        utilisation_percent: Some(97),
        uncorrected: Some(2),
        lost: false,
        parent: None,
    };
    assert_eq!(probe.reading(FIRST), expected);
    assert_eq!(probe.reading(SECOND), Reading::default(), "the other GPU is not concerned");
    fake.show(&format!("{}lost {FIRST}\n", idle()));
    assert!(probe.reading(FIRST).lost);
}

#[test]
fn a_gpu_that_fell_off_the_bus_is_a_fault() {
    let Some(fake) = FakeNvml::build(&idle()) else { return };
    let probe = fake.probe();
    fake.show(&format!("{}lost {FIRST}\n", idle()));
    assert!(matches!(probe.usage(FIRST).unwrap_err().source, NvmlError::GpuLost));
    assert!(probe.usage(SECOND).is_ok());
    let left: Vec<String> = fake.probe().inventory().unwrap().into_iter().map(|gpu| gpu.uuid).collect();
    assert_eq!(left, [SECOND], "a worker that is started now offers the others");
}

#[test]
fn a_desktop_that_grew_meanwhile_keeps_no_gpu() {
    let Some(fake) = FakeNvml::build(&idle()) else { return };
    let probe = fake.probe();
    let before = probe.usage(SECOND).unwrap();
    let after = |used: u32, desktop: u32| {
        fake.show(&format!("gpu {SECOND} 24576 {used} A\ngraphics {SECOND} 9 {desktop}\n"));
        probe.usage(SECOND).unwrap()
    };
    assert_eq!(after(700, 400).left_behind(&before), None);
    let sentence = after(900, 400).left_behind(&before).unwrap();
    assert!(sentence.starts_with("200 MiB of the GPU are still in use"), "{sentence}");
}

#[test]
fn a_gpu_in_mig_mode_is_its_instances() {
    let Some(fake) = FakeNvml::build(&mig()) else { return };
    let probe = fake.probe();
    let gpus = probe.inventory().unwrap();
    let seen: Vec<_> = gpus
        .iter()
        .map(|gpu| (&*gpu.uuid, gpu.memory_bytes.clone().unwrap() / MIB, gpu.parent.as_deref()))
        .collect();
    assert_eq!(
        seen,
        [(INSTANCES[0], 9728, Some(FIRST)), (INSTANCES[1], 19968, Some(FIRST)), (SECOND, 81920, None)]
    );
    assert_eq!(gpus[0].name, "NVIDIA A100-SXM4-80GB MIG 1g.10gb");
    fake.show(&(mig() + &format!("process {} 4242 512\n", INSTANCES[1])));
    assert_eq!(probe.usage(INSTANCES[0]).unwrap().foreign(), None, "the other instance is not concerned");
    assert!(probe.usage(INSTANCES[1]).unwrap().foreign().unwrap().contains("process 4242"));
}

#[test]
fn what_nvml_does_not_tell_of_an_instance_is_its_gpus_and_says_so() {
    let counts = "energy {} 61000\npower {} 250000\nutilisation {} 97\ntemperature {} 40\n";
    let Some(fake) = FakeNvml::build(&(mig() + &counts.replace("{}", FIRST))) else { return };
    let shown = fake.probe().reading(INSTANCES[0]);
    let whole = Reading {
        energy_mj: Some(61_000),
        power_mw: Some(250_000),
        temperature_c: Some(40),
        parent: Some(FIRST.into()),
        ..Reading::default()
    };
    assert_eq!(shown, whole, "and its utilisation is nobody's");
}

#[test]
fn a_gpu_in_mig_mode_without_an_instance_offers_nothing() {
    let Some(fake) = FakeNvml::build(&(idle() + &format!("mig {FIRST}\n"))) else { return };
    let left: Vec<String> = fake.probe().inventory().unwrap().into_iter().map(|gpu| gpu.uuid).collect();
    assert_eq!(left, [SECOND]);
}

/// Waits for what a journal tells last of a GPU.
async fn until_last(journal: &Journal, uuid: &str, fault: Fault) {
    let mut news = journal.listen();
    let heard = async {
        while journal.last(uuid).is_none_or(|last| last.fault != fault) {
            news.changed().await;
        }
    };
    let heard = tokio::time::timeout(Duration::from_secs(30), heard).await;
    assert!(heard.is_ok(), "no {fault:?} of {uuid} in {journal:?}");
}

#[tokio::test]
async fn each_fault_is_heard_of_the_gpu_that_has_it() {
    let before = idle() + &format!("xid {SECOND} 31\necc {SECOND} 4\nnoevents {SECOND}\n");
    let Some(fake) = FakeNvml::build(&before) else { return };
    let probe = fake.probe();
    let journal = Arc::new(Journal::default());
    probe.watch(&probe.inventory().unwrap(), &journal);
    let mut told = before;
    for (line, fault) in [
        ("xid GPU 94", Fault::Xid(94)),
        ("xid GPU 999", Fault::Xid(999)),
        ("dbe GPU", Fault::DoubleBitEcc),
        ("lost GPU", Fault::Lost),
    ] {
        told = told + &line.replace("GPU", FIRST) + "\n";
        fake.show(&told);
        until_last(&journal, FIRST, fault).await;
    }
    assert_eq!(journal.last(SECOND), None, "what was before is not told, and nothing of the other GPU");
    fake.show(&(told + &format!("ecc {SECOND} 6\n")));
    until_last(&journal, SECOND, Fault::Uncorrected(2)).await;
    assert_eq!(journal.unfit(FIRST), Some(Fault::DoubleBitEcc));
    assert_eq!(journal.unfit(SECOND), None);
}

#[tokio::test]
async fn a_fault_of_a_whole_gpu_in_mig_mode_is_each_instances() {
    let Some(fake) = FakeNvml::build(&mig()) else { return };
    let probe = fake.probe();
    let journal = Arc::new(Journal::default());
    probe.watch(&probe.inventory().unwrap(), &journal);
    fake.show(&(mig() + &format!("xid {FIRST} 79\n")));
    for uuid in INSTANCES {
        until_last(&journal, uuid, Fault::Xid(79)).await;
    }
    assert_eq!(journal.last(SECOND), None);
}

#[tokio::test]
async fn only_the_instance_that_an_xid_names_gets_the_fault() {
    let Some(fake) = FakeNvml::build(&mig()) else { return };
    let probe = fake.probe();
    let journal = Arc::new(Journal::default());
    probe.watch(&probe.inventory().unwrap(), &journal);
    // The second instance is named by both numbers, then the first by that of its GPU instance; then both at once.
    let mut told = mig();
    for (line, hit, spared, fault) in
        [("xid GPU 95 2 0", INSTANCES[1], INSTANCES[0], 95), ("xid GPU 94 1", INSTANCES[0], INSTANCES[1], 94)]
    {
        let before = journal.last(spared).map(|last| last.fault);
        told = told + &line.replace("GPU", FIRST) + "\n";
        fake.show(&told);
        until_last(&journal, hit, Fault::Xid(fault)).await;
        assert_eq!(journal.last(spared).map(|last| last.fault), before, "{line}: {spared} is spared");
    }
    assert_eq!(journal.unfit(INSTANCES[1]), Some(Fault::Xid(95)));
    assert_eq!(journal.unfit(INSTANCES[0]), None, "work goes on beside the one that failed");
    fake.show(&(told + &format!("xid {FIRST} 62\n")));
    for uuid in INSTANCES {
        until_last(&journal, uuid, Fault::Xid(62)).await;
    }
    assert_eq!(journal.last(SECOND), None);
}

#[test]
fn a_gpu_that_tells_no_memory_hides_no_other() {
    let Some(fake) = FakeNvml::build(&(idle() + &format!("nomemory {SECOND}\n"))) else { return };
    let gpus = fake.probe().inventory().unwrap();
    assert_eq!(gpus.iter().map(|gpu| (&*gpu.uuid, gpu.index)).collect::<Vec<_>>(), [(FIRST, 0), (SECOND, 1)]);
    assert_eq!(gpus[0].memory_bytes, Ok(81920 * MIB));
    let why = gpus[1].memory_bytes.clone().unwrap_err();
    assert!(why.starts_with("NVML does not tell its memory ("), "{why}");
    let seen = open::look(fake.probe().as_ref(), &Allotment::default());
    let offered: Vec<_> = seen.offered().unwrap().into_iter().map(|gpu| gpu.uuid.clone()).collect();
    assert_eq!(offered, [FIRST]);
    let SeenGpus::Listed(listed) = seen else { panic!("{seen:?}") };
    assert_eq!(listed[1].left_out, Some(why));
}

#[test]
fn a_driver_that_does_not_work_is_not_an_absent_one() {
    let Some(fake) = FakeNvml::build(&format!("init 18\n{}", idle())) else { return };
    let mismatch = open::opened(nvml::load(Some(&fake.library())));
    assert!(mismatch.is_broken() && mismatch.absence().contains("mismatch"), "{}", mismatch.absence());
    let nowhere = open::opened(nvml::load(Some(Path::new("/nonexistent/libnvidia-ml.so.1"))));
    assert!(!nowhere.is_broken(), "{}", nowhere.absence());
    assert_eq!(open::look(nowhere.as_ref(), &Allotment::default()), SeenGpus::None(nowhere.absence()));
}

#[test]
fn a_library_that_was_named_must_load() {
    let fault = open(Some(Path::new("/nonexistent/libnvidia-ml.so.1"))).unwrap_err();
    assert_eq!(fault.to_string(), "NVML failed to load");
}

#[tokio::test]
async fn a_trainer_without_cuda_is_given_no_gpu() {
    let Some(fake) = FakeNvml::build(&idle()) else { return };
    let config = crate::Config {
        server: "http://127.0.0.1:1".into(),
        token: None,
        name: None,
        cpu_slots: 0,
        trains_on_gpus: false,
        allotment: crate::gpu::Allotment::default(),
        nvml_library: Some(fake.library()),
        folder: fake.folder().join("worker"),
        trainer: vec!["sh".into()],
        walltime: None,
        threads: None,
    };
    let refused = crate::run(config, std::future::pending()).await.unwrap_err().to_string();
    assert!(refused.contains("computes on the CPU only") && refused.contains("--cpu-slots"), "{refused}");
}

/// Runs where there is a GPU: what the fake plays is what NVML says.
#[test]
fn a_real_gpu_answers() {
    let probe = open(None).unwrap();
    let gpus = probe.inventory().unwrap();
    if gpus.is_empty() {
        eprintln!("SKIPPED: this host has no GPU ({})", probe.absence());
        return;
    }
    let journal = Arc::new(Journal::default());
    probe.watch(&probe.inventory().unwrap(), &journal);
    for gpu in gpus {
        let memory = gpu.memory_bytes.clone().unwrap();
        let kind = if gpu.parent.is_some() { "MIG-" } else { "GPU-" };
        assert!(gpu.uuid.starts_with(kind) && !gpu.name.is_empty(), "{gpu:?}");
        let usage = probe.usage(&gpu.uuid).unwrap();
        assert!(usage.used_bytes <= memory && memory > 0, "{gpu:?} {usage:?}");
        let shown = probe.reading(&gpu.uuid);
        assert!(!shown.lost && shown.parent == gpu.parent, "{shown:?}");
        assert!(shown.temperature_c.is_none_or(|celsius| (1..120).contains(&celsius)), "{shown:?}");
        assert_eq!(journal.unfit(&gpu.uuid), None, "nothing has happened to it");
    }
}
