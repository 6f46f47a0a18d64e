//! The reader of adapters: three files out of one input. None makes it panic, or take memory that they do not hold.

#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use pedigree_fuzz::{backbone, parts};
use pedigree_trainer_core::inference::Recogniser;

static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = tempfile::Builder::new().prefix("pedigree-fuzz-").tempdir().expect("a folder").keep();
    backbone(&folder.join("backbone"));
    std::fs::create_dir(folder.join("adapter")).expect("a folder");
    folder
});

fuzz_target!(|bytes: &[u8]| {
    let adapter = FOLDER.join("adapter");
    let names = ["adapter_config.json", "ner_labels.json", "adapter_model.safetensors"];
    for (name, content) in names.into_iter().zip(parts(bytes)) {
        std::fs::write(adapter.join(name), content).expect("a file");
    }
    if let Ok(recogniser) = Recogniser::open(&adapter, &FOLDER.join("backbone")) {
        assert!(!recogniser.labels().tags().is_empty());
    }
});
