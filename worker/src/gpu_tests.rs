//! The real NVML wrapper against a library that shows what a test writes.

use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use super::*;

const FIRST: &str = "GPU-11111111-0000-4000-8000-000000000001";
const SECOND: &str = "GPU-22222222-0000-4000-8000-000000000002";

/// A fake NVML of one test; `None`, with a word on stderr, where there is no C compiler.
struct FakeNvml {
    folder: TempDir,
}

impl FakeNvml {
    fn build(state: &str) -> Option<Self> {
        let fake = Self { folder: tempfile::tempdir().unwrap() };
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fake_nvml.c");
        let compiled = Command::new("cc")
            .args([
                "-shared",
                "-fPIC",
                "-Wall",
                "-Werror",
                "-Wl,-soname,libnvidia-ml.so.1",
                source,
                "-ldl",
                "-o",
            ])
            .arg(fake.library())
            .status();
        let Ok(status) = compiled else {
            eprintln!("SKIPPED: there is no C compiler `cc` for the fake NVML");
            return None;
        };
        assert!(status.success(), "the fake NVML does not compile");
        fake.show(state);
        Some(fake)
    }

    fn library(&self) -> PathBuf {
        self.folder.path().join("libnvidia-ml.so.1")
    }

    fn show(&self, state: &str) {
        std::fs::write(self.folder.path().join("libnvidia-ml.so.1.state"), state).unwrap();
    }

    fn probe(&self) -> Box<dyn GpuProbe> {
        probe(Some(&self.library())).unwrap()
    }
}

fn idle() -> String {
    format!("gpu {FIRST} 81920 4 NVIDIA A100-SXM4-80GB\ngpu {SECOND} 24576 300 NVIDIA RTX A5000\n")
}

#[test]
fn lists_each_gpu_with_name_and_memory() {
    let Some(fake) = FakeNvml::build(&idle()) else { return };
    let gpus = fake.probe().inventory().unwrap();
    let seen: Vec<_> = gpus.iter().map(|gpu| (&*gpu.uuid, &*gpu.name, gpu.memory_bytes / MIB)).collect();
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
    assert!(sentence.contains("process 4242 (program-4242) with 512 MiB and 1 more"), "{sentence}");
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
    let counts = "energy {} 61000\npower {} 250000\nlimit {} 400000\necc {} 2\n".replace("{}", FIRST);
    fake.show(&(idle() + &counts));
    let expected = Reading {
        energy_mj: Some(61_000),
        power_mw: Some(250_000),
        limit_mw: Some(400_000),
        uncorrected: Some(2),
        lost: false,
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
}

#[test]
fn a_library_that_was_named_must_load() {
    let fault = probe(Some(Path::new("/nonexistent/libnvidia-ml.so.1"))).unwrap_err();
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
        nvml_library: Some(fake.library()),
        folder: fake.folder.path().join("worker"),
        trainer: vec!["sh".into()],
        walltime: None,
        threads: None,
    };
    let refused = crate::run(config, std::future::pending()).await.unwrap_err().to_string();
    assert!(refused.contains("computes on the CPU only") && refused.contains("--cpu-slots"), "{refused}");
}
