//! GPUs for workers on hosts without any: the fake NVML library of the worker's tests, loaded by a real `pedigree worker`.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::up::workspace_root;

/// A library that shows what a test writes; the lines are described at the top of `worker/tests/fake_nvml.c`.
#[derive(Debug)]
pub struct FakeNvml {
    library: PathBuf,
}

impl FakeNvml {
    /// Builds one in a folder; `None` where there is no C compiler.
    ///
    /// # Panics
    /// When it does not compile.
    pub fn build(folder: &Path, state: &str) -> Option<Self> {
        let fake = Self { library: folder.join("libnvidia-ml.so.1") };
        let source = workspace_root().join("worker/tests/fake_nvml.c");
        let flags = ["-shared", "-fPIC", "-Wl,-soname,libnvidia-ml.so.1"];
        let compiler =
            Command::new("cc").args(flags).arg(source).args(["-ldl", "-o"]).arg(fake.library()).status();
        assert!(compiler.ok()?.success(), "the fake NVML does not compile");
        fake.show(state);
        Some(fake)
    }

    /// The library's file.
    pub fn library(&self) -> &Path {
        &self.library
    }

    /// From now on this is what it shows, at once and as a whole.
    ///
    /// # Panics
    /// When the folder is gone.
    pub fn show(&self, state: &str) {
        let file = self.library.with_file_name("libnvidia-ml.so.1.state");
        let new = file.with_extension("new");
        std::fs::write(&new, state).expect("the folder of the fake NVML");
        std::fs::rename(new, file).expect("the folder of the fake NVML");
    }
}
