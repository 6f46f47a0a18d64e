//! The reader of `spm.model`. No bytes make it panic.

#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use pedigree_fuzz::backbone;
use pedigree_trainer_core::backbone::inspect;

static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = tempfile::Builder::new().prefix("pedigree-fuzz-").tempdir().expect("a folder").keep();
    backbone(&folder);
    std::fs::remove_file(folder.join("vocab.txt")).expect("a file");
    let _ = std::fs::remove_file(folder.join("tokenizer.json"));
    folder
});

fuzz_target!(|bytes: &[u8]| {
    std::fs::write(FOLDER.join("spm.model"), bytes).expect("a file");
    let _ = inspect(&FOLDER);
});
