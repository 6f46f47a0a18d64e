//! `pedigree train`: one training from a job file. Under a supervisor it speaks JSON lines; at a terminal it shows its
//! epochs and ends with the result.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pedigree_trainer_core::{
    Interrupted, ProtocolScores, Supervisor, TrainError, TrainJob, TrainSummary, TrainerEvent, run_process,
    stop_on_signals, train,
};

use crate::output::{Output, bytes, write_facts};

#[derive(Debug, clap::Args)]
pub(crate) struct TrainArgs {
    /// Job file (JSON)
    job: PathBuf,
    /// Speak JSON lines on stdin and stdout; stop when stdin ends
    #[arg(long, hide = true)]
    supervised: bool,
}

pub(crate) fn run(args: &TrainArgs, output: Output) -> anyhow::Result<ExitCode> {
    crate::kernels::settle(TrainJob::read(&args.job).ok().and_then(|job| job.setup.threads))?;
    if args.supervised {
        return Ok(ExitCode::from(run_process(&args.job, true).code()));
    }
    let job = match TrainJob::read(&args.job) {
        Ok(job) => job,
        Err(error) => return Ok(failed(TrainError::Job(error), output)),
    };
    match train(&job, &mut Terminal { output, stopping: stop_on_signals()? }) {
        Ok(summary) => {
            output.document(&summary, |screen| write_summary(screen, &job, &summary))?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => Ok(failed(error, output)),
    }
}

/// Says why a training failed. The exit code says the reason too.
pub(crate) fn failed(error: TrainError, output: Output) -> ExitCode {
    let code = ExitCode::from(error.reason().code());
    output.failure(&error.into());
    code
}

/// Shows a training or a pretraining to a person. The log has all that the events have.
pub(crate) struct Terminal {
    pub(crate) output: Output,
    /// Ctrl-C saves the progress first. The same command resumes from it.
    pub(crate) stopping: Arc<AtomicBool>,
}

impl Supervisor for Terminal {
    fn event(&mut self, _: TrainerEvent) {}

    fn log(&mut self, line: &str) {
        self.output.note(line);
    }

    fn test_split(&mut self) -> Result<PathBuf, Interrupted> {
        Err(Interrupted)
    }

    fn interrupted(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }
}

fn write_summary(screen: &mut dyn Write, job: &TrainJob, summary: &TrainSummary) -> std::io::Result<()> {
    let early = if summary.stopped_early { ", ended by patience" } else { "" };
    let both = |scores: &ProtocolScores| {
        format!("strict F1 {:.4}, conlleval F1 {:.4}", scores.strict.f1, scores.conlleval.f1)
    };
    let mut facts = vec![
        ("epochs", format!("{}, best {}{early}", summary.epochs, summary.best_epoch)),
        ("dev", both(&summary.dev)),
    ];
    if let Some(test) = &summary.test {
        facts.push(("test", both(&test.overall)));
    }
    facts.push(("took", format!("{:.0} s", summary.seconds)));
    facts.push(("memory", bytes(i64::try_from(summary.peak_memory_bytes).unwrap_or(i64::MAX))));
    facts.push(("written to", job.setup.out.display().to_string()));
    write_facts(screen, &facts)
}
