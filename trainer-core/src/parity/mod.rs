//! The models against values computed by transformers and PEFT, and readers against recorded counts.
//!
//! The fixtures are not part of the repository. They are looked for in `PEDIGREE_PARITY`, then in
//! `PEDIGREE_SHARED/parity`, then in `../shared/parity` beside the workspace. Without them the tests say that they were
//! skipped. Every folder below with an `expected.safetensors` is a case, whatever its shapes, ranks and seeds.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests: a panic is their report, a skip is seen"
)]

mod cases;
mod corpora;
mod fixture;
mod schedule;

use std::path::{Path, PathBuf};

fn shared(own: &str, folder: &str) -> Option<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let candidates = [
        std::env::var_os(own).map(PathBuf::from),
        std::env::var_os("PEDIGREE_SHARED").map(|shared| Path::new(&shared).join(folder)),
        Some(workspace.join("shared").join(folder)),
    ];
    let found = candidates.into_iter().flatten().find(|path| path.is_dir());
    if found.is_none() {
        println!("SKIPPED: no {folder} folder; set {own} to it");
    }
    found
}
