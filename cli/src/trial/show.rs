//! `pedigree trial show`: one run with its epochs and attempts.

use std::io::{self, Write};

use pedigree_protocol::report::EpochReport;
use pedigree_protocol::run_detail::{RunDetail, RunWork, TestDetail};

use crate::attempt::{write_attempts, write_epochs};
use crate::output::{bytes, write_facts};
use crate::params;
use crate::run::{held, name, state, took};
use crate::test_score::write_scores;

const EPOCHS: [&str; 7] =
    ["epoch", "dev F1 strict", "dev F1 conlleval", "dev loss", "train loss", "learning rate", "seconds"];

pub(super) fn write(screen: &mut dyn Write, detail: &RunDetail) -> io::Result<()> {
    write_facts(screen, &facts(detail))?;
    if let Some(training) = detail.training() {
        write_epochs(screen, &training.reports, &EPOCHS, epoch)?;
    }
    if let RunWork::Test(TestDetail { summary: Some(summary), .. }) = &detail.work {
        summary.results.iter().try_for_each(|result| {
            writeln!(screen, "model of run {} (seed {})", result.run_id, result.seed)?;
            write_scores(screen, &result.scores)
        })?;
    }
    write_attempts(screen, &detail.attempts)
}

fn facts(detail: &RunDetail) -> Vec<(&'static str, String)> {
    let run = &detail.run;
    let failure = run.failure.as_ref();
    let failure = failure.map_or_else(String::new, |f| format!(" ({}): {}", f.cause.as_str(), f.message));
    let mut facts = vec![
        ("run", format!("{} of {}, {}", name(run), detail.queue_name, run.id)),
        ("state", format!("{}{}{failure}", state(run.state), held(run))),
        ("searched", params::params(&run.params)),
    ];
    let Some(training) = detail.training() else { return facts };
    facts.push(("fixed", params::params(&training.fixed)));
    if let Some(summary) = &training.summary {
        let early = if summary.stopped_early { ", ended by patience" } else { "" };
        facts.push((
            "dev F1",
            format!("{:.4} at epoch {} of {}{early}", summary.objective, summary.best_epoch, summary.epochs),
        ));
        facts.push(("took", took(run)));
        facts.push(("memory", bytes(summary.peak_memory_bytes)));
    }
    facts
}

fn epoch(metrics: &EpochReport) -> Vec<String> {
    vec![
        metrics.epoch.to_string(),
        format!("{:.4}", metrics.dev.strict.f1),
        format!("{:.4}", metrics.dev.conlleval.f1),
        format!("{:.4}", metrics.dev_loss),
        format!("{:.4}", metrics.train_loss),
        format!("{:.2e}", metrics.learning_rate),
        format!("{:.1}", metrics.seconds),
    ]
}
