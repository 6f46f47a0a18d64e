//! `pedigree train`: one training from a job file. Under a supervisor it speaks JSON lines; at a terminal it shows its
//! epochs and ends with the result.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use pedigree_trainer_core::{
    EpochMetrics, Interrupted, ProtocolScores, ScoringProtocol, Supervisor, TestAccess, TrainJob,
    TrainSummary, TrainerEvent, run_process, train,
};

use crate::output::{Output, bytes, write_facts};

#[derive(Debug, clap::Args)]
pub(crate) struct TrainArgs {
    /// The job file (JSON)
    job: PathBuf,
    /// Speak JSON lines on stdin and stdout, and stop when stdin ends
    #[arg(long)]
    supervised: bool,
}

pub(crate) fn run(args: &TrainArgs, output: Output) -> anyhow::Result<ExitCode> {
    if args.supervised {
        return Ok(ExitCode::from(run_process(&args.job, true).code()));
    }
    let job = TrainJob::read(&args.job).context("the job file is wrong")?;
    if job.test == TestAccess::OnRequest {
        anyhow::bail!(
            "{}: test: on_request waits for a supervisor; write {{\"path\": FILE}} or \"never\"",
            args.job.display()
        );
    }
    let outcome = train(&job, &mut Terminal { output, objective: job.objective });
    match outcome {
        Ok(summary) => {
            output.document(&summary, |screen| write_summary(screen, &job, &summary))?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            let code = error.reason().code();
            output.failure(&error.into());
            Ok(ExitCode::from(code))
        }
    }
}

/// Shows a training to a person.
struct Terminal {
    output: Output,
    objective: ScoringProtocol,
}

impl Supervisor for Terminal {
    fn event(&mut self, event: TrainerEvent) {
        match event {
            TrainerEvent::Started {
                trainable_parameters,
                total_parameters,
                train_sentences,
                total_steps,
                ..
            } => {
                self.output.note(&format!(
                    "training {trainable_parameters} of {total_parameters} parameters on {train_sentences} sentences, \
                     at most {total_steps} steps"
                ));
            }
            TrainerEvent::Epoch(metrics) => self.output.note(&epoch_line(&metrics, self.objective)),
            TrainerEvent::Progress { .. }
            | TrainerEvent::TestWanted
            | TrainerEvent::Finished(_)
            | TrainerEvent::Failed { .. } => {}
        }
    }

    fn log(&mut self, line: &str) {
        self.output.note(line);
    }

    fn test_split(&mut self) -> Result<PathBuf, Interrupted> {
        Err(Interrupted)
    }

    fn interrupted(&self) -> bool {
        false
    }
}

fn epoch_line(metrics: &EpochMetrics, objective: ScoringProtocol) -> String {
    let dev = f1(&metrics.dev, objective);
    format!(
        "epoch {:>3}  dev F1 {dev:.4}  train loss {:.4}  dev loss {:.4}  {:.0} s",
        metrics.epoch, metrics.train_loss, metrics.dev_loss, metrics.seconds
    )
}

fn f1(scores: &ProtocolScores, protocol: ScoringProtocol) -> f64 {
    match protocol {
        ScoringProtocol::Strict => scores.strict.f1,
        ScoringProtocol::Conlleval => scores.conlleval.f1,
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
    facts.push(("written to", job.out.display().to_string()));
    write_facts(screen, &facts)
}
