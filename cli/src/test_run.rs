//! `pedigree test`: trained models scored on a test split, from a job file. Workers call it; nothing is sealed here.

use std::path::PathBuf;
use std::process::ExitCode;

use pedigree_trainer_core::inference::{self, InferenceError};
use pedigree_trainer_core::{TestJob, TrainError, run_test_process, stop_on_signals};

use crate::output::{Output, table, write_table};
use crate::train::Terminal;

#[derive(Debug, clap::Args)]
pub(crate) struct TestArgs {
    /// Job file (JSON)
    job: PathBuf,
    /// Speak JSON lines on stdin and stdout; stop when stdin ends
    #[arg(long, hide = true)]
    supervised: bool,
}

pub(crate) fn run(args: &TestArgs, output: Output) -> anyhow::Result<ExitCode> {
    crate::kernels::settle(TestJob::read(&args.job).ok().and_then(|job| job.setup.threads))?;
    if args.supervised {
        return Ok(ExitCode::from(run_test_process(&args.job, true).code()));
    }
    let job = match TestJob::read(&args.job) {
        Ok(job) => job,
        Err(error) => return Ok(failed(TrainError::Job(error).into(), output)),
    };
    if job.test.is_none() {
        anyhow::bail!(
            "{}: test: name the test split; only a supervisor can hand it over later",
            args.job.display()
        );
    }
    let summary = match inference::test(&job, &mut Terminal { output, stopping: stop_on_signals()? }) {
        Ok(summary) => summary,
        Err(error) => return Ok(failed(error, output)),
    };
    let rows = summary.models.iter().map(|model| {
        let f1 = |score: f64| format!("{score:.4}");
        let overall = &model.scores.overall;
        vec![
            model.name.clone(),
            f1(overall.strict.f1),
            f1(overall.conlleval.f1),
            model.scores.sentences.to_string(),
        ]
    });
    let table = table(&["model", "strict F1", "conlleval F1", "sentences"], &[1, 2, 3], rows);
    output.document(&summary, |screen| write_table(screen, &table))?;
    Ok(ExitCode::SUCCESS)
}

fn failed(error: InferenceError, output: Output) -> ExitCode {
    let code = ExitCode::from(error.reason().code());
    output.failure(&error.into());
    code
}
