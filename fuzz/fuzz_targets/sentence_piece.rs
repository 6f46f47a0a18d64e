//! The reader of `spm.model`, and what it makes of text. No bytes make it panic, and every word keeps a piece.

#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use pedigree_fuzz::backbone;
use pedigree_trainer_core::backbone::{inspect, piece_ids};

static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = tempfile::Builder::new().prefix("pedigree-fuzz-").tempdir().expect("a folder").keep();
    backbone(&folder);
    std::fs::remove_file(folder.join("vocab.txt")).expect("a file");
    let _ = std::fs::remove_file(folder.join("tokenizer.json"));
    folder
});

/// Words that normalisers change, and others that they empty.
const SENTENCES: [&str; 3] = [
    "the ﬁbrosis of ＡＢＣ ① ½ TNF‐α",
    "e\u{301}\u{302} \u{1e9b}\u{323} 痛风 \u{200b} \u{feff} \u{7} [MASK] [CLS]",
    "a \u{a0}\u{3000} \u{2581} \u{fffd}\u{10ffff} 👩‍⚕️",
];

fuzz_target!(|bytes: &[u8]| {
    std::fs::write(FOLDER.join("spm.model"), bytes).expect("a file");
    let _ = inspect(&FOLDER);
    let sentences = SENTENCES.map(|text| text.split(' ').map(String::from).collect::<Vec<_>>());
    if let Ok(ids) = piece_ids(&FOLDER, &sentences) {
        assert!(sentences.iter().zip(&ids).all(|(words, ids)| ids.len() >= words.len()));
    }
});
