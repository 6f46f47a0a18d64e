//! For tests: an NVML library that shows what a test writes, loaded by the real wrapper.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::open::open;
use super::probe::GpuProbe;

pub(crate) const FIRST: &str = "GPU-11111111-0000-4000-8000-000000000001";
pub(crate) const SECOND: &str = "GPU-22222222-0000-4000-8000-000000000002";
pub(crate) const INSTANCES: [&str; 2] =
    ["MIG-11111111-0000-5000-8000-000000000007", "MIG-11111111-0000-5000-8000-000000000008"];

/// Two A100s of which the first is in MIG mode.
pub(crate) fn mig() -> String {
    let [small, large] = INSTANCES;
    format!(
        "gpu {FIRST} 81920 40 NVIDIA A100-SXM4-80GB\nmig {FIRST}\n\
         instance {small} {FIRST} 9728 12 NVIDIA A100-SXM4-80GB MIG 1g.10gb\n\
         instance {large} {FIRST} 19968 25 NVIDIA A100-SXM4-80GB MIG 2g.20gb\n\
         gpu {SECOND} 81920 4 NVIDIA A100-SXM4-80GB\n"
    )
}

/// A fake NVML of one test; `None`, with a word on stderr, where there is no C compiler.
#[derive(Debug)]
pub(crate) struct FakeNvml {
    folder: TempDir,
}

impl FakeNvml {
    pub(crate) fn build(state: &str) -> Option<Self> {
        let fake = Self { folder: tempfile::tempdir().unwrap() };
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fake_nvml.c");
        let flags = ["-shared", "-fPIC", "-Wall", "-Werror", "-Wl,-soname,libnvidia-ml.so.1"];
        let compiled =
            Command::new("cc").args(flags).args([source, "-ldl", "-o"]).arg(fake.library()).status();
        let Ok(status) = compiled else {
            eprintln!("SKIPPED: there is no C compiler `cc` for the fake NVML");
            return None;
        };
        assert!(status.success(), "the fake NVML does not compile");
        fake.show(state);
        Some(fake)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn library(&self) -> PathBuf {
        self.folder.path().join("libnvidia-ml.so.1")
    }

    /// From now on this is what it shows.
    pub(crate) fn show(&self, state: &str) {
        let file = self.folder.path().join("libnvidia-ml.so.1.state");
        let new = file.with_extension("new");
        std::fs::write(&new, state).unwrap();
        std::fs::rename(new, file).unwrap();
    }

    /// Counts from now on how often the processes are looked at, a byte in the file for each time.
    pub(crate) fn count_looks(&self) -> PathBuf {
        let file = self.folder.path().join("libnvidia-ml.so.1.looks");
        std::fs::write(&file, "").unwrap();
        file
    }

    pub(crate) fn probe(&self) -> Box<dyn GpuProbe> {
        open(Some(&self.library())).unwrap()
    }
}
