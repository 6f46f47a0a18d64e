//! The reader of weights in shards: an index and two shards out of one input. None makes it panic, or leads it out of the folder.

#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use pedigree_fuzz::{backbone, parts};
use pedigree_trainer_core::backbone::{inspect, weights_files};

static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = tempfile::Builder::new().prefix("pedigree-fuzz-").tempdir().expect("a folder").keep();
    backbone(&folder);
    std::fs::remove_file(folder.join("model.safetensors")).expect("a file");
    folder
});

fuzz_target!(|bytes: &[u8]| {
    let names = ["model.safetensors.index.json", "a.safetensors", "b.safetensors"];
    for (name, content) in names.into_iter().zip(parts(bytes)) {
        std::fs::write(FOLDER.join(name), content).expect("a file");
    }
    if let Ok(files) = weights_files(&FOLDER) {
        assert!(files.iter().all(|name| !name.contains('/') && name != ".."));
    }
    let _ = inspect(&FOLDER);
});
