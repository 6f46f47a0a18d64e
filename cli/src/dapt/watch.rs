//! `pedigree dapt watch`: a line on stderr for each event of a pretraining, and its result at the end.

use std::collections::HashSet;
use std::process::ExitCode;

use pedigree_protocol::client::{Client, ClientError};
use pedigree_protocol::dapt::Dapt;
use pedigree_protocol::run::RunState;
use pedigree_protocol::run_detail::RunDetail;

use super::show;
use crate::follow::{self, Followed};
use crate::output::Output;

/// Follows a pretraining until it ends, then prints its result.
pub(super) async fn to_the_end(client: &Client, name: &str, output: Output) -> anyhow::Result<ExitCode> {
    let followed = Followed { noun: "pretraining", watch: "pedigree dapt watch", name };
    let dapt = match follow::until(&followed, output, watch(client, name, output)).await? {
        Ok(dapt) => dapt,
        Err(detached) => return Ok(detached),
    };
    show::state(&dapt, output)?;
    Ok(if dapt.run.state == RunState::Completed { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

async fn watch(client: &Client, name: &str, output: Output) -> anyhow::Result<Dapt> {
    // A wrong name is an error at once.
    client.dapt(name).await?;
    let (mut seen, mut told) = (None, HashSet::new());
    let ask = async || -> Result<Option<Dapt>, ClientError> {
        let dapt = client.dapt(name).await?;
        let now = (dapt.run.state, dapt.run.attempt, dapt.run.epochs);
        if seen != Some(now) {
            let fresh = lines(&client.run(dapt.run.id).await?);
            fresh.into_iter().filter(|line| told.insert(line.clone())).for_each(|line| output.note(&line));
            seen = Some(now);
        }
        Ok(dapt.run.state.is_final().then_some(dapt))
    };
    follow::poll(|line| output.note(line), ask).await
}

/// A line for each event so far, no two alike. Only the newest attempt has epochs.
fn lines(detail: &RunDetail) -> Vec<String> {
    let mut lines = Vec::new();
    for attempt in &detail.attempts {
        let number = attempt.attempt;
        lines.push(format!("attempt {number} on {}", attempt.worker_name));
        let reports = detail.pretraining().map_or(&[][..], |own| &own.reports);
        let own = reports.iter().filter(|report| report.attempt == number);
        lines.extend(own.map(|report| {
            let metrics = &report.metrics;
            let (epoch, step, scores) = (metrics.epoch, metrics.step, metrics.held_out);
            format!(
                "attempt {number}, epoch {epoch}, step {step}: pseudo-perplexity {:.3}",
                scores.pseudo_perplexity
            )
        }));
        let failure = attempt.failure.as_ref();
        lines.extend(failure.map(|failure| format!("attempt {number} failed: {}", failure.message)));
    }
    lines
}
