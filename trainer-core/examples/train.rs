//! Runs one job file as a trainer process would: `cargo run --release --example train -- JOB.json`.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    match std::env::args().nth(1) {
        Some(job) => ExitCode::from(pedigree_trainer_core::run_process(Path::new(&job), false).code()),
        None => ExitCode::from(pedigree_trainer_core::ExitReason::InvalidJob.code()),
    }
}
