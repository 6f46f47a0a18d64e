//! `pedigree study watch`: a line on stderr for each event of a run, a bar at a terminal, and the result at the end.

use std::collections::HashMap;
use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressStyle};
use pedigree_protocol::client::{Client, ClientError};
use pedigree_protocol::run::{Run, RunKind, RunPage, RunState};
use pedigree_protocol::study::{Study, StudyState};
use pedigree_protocol::{Attempt, RunId};

use super::outcome::{Outcome, write_outcome};
use crate::follow::{self, Followed};
use crate::output::Output;
use crate::params::{max_epochs, params};
use crate::run::name;

/// Follows a study until it ends, then prints its result.
pub(crate) async fn to_the_end(client: &Client, study: Study, output: Output) -> anyhow::Result<ExitCode> {
    let name = study.spec.name.clone();
    let followed = Followed { noun: "study", watch: "pedigree study watch", name: &name };
    let outcome = match follow::until(&followed, output, watch(client, &study, output)).await? {
        Ok(outcome) => outcome,
        Err(detached) => return Ok(detached),
    };
    output.document(&outcome, |screen| write_outcome(screen, &outcome))?;
    let completed = outcome.study.state == StudyState::Completed;
    Ok(if completed { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

async fn watch(client: &Client, study: &Study, output: Output) -> anyhow::Result<Outcome> {
    let id = study.id.to_string();
    let bar = ProgressBar::new(u64::from(study.spec.trials) + 1)
        .with_style(ProgressStyle::with_template("{bar:30} {pos}/{len} runs  {msg}  {elapsed}")?);
    let say = |line: &str| bar.suspend(|| output.note(line));
    let (mut seen, mut since) = (Seen::default(), None);
    let ask = async || -> Result<Option<Outcome>, ClientError> {
        let (now, changed) = snapshot(client, &id, since).await?;
        since = Some(changed.revision);
        seen.update(&now, &changed.page.items).iter().for_each(|line| say(line));
        show_on(&bar, &now, &seen);
        if !now.state.is_final() {
            return Ok(None);
        }
        bar.finish_and_clear();
        Ok(Some(Outcome::new(now, changed.page.items, client)))
    };
    follow::poll(say, ask).await
}

/// The study, and its runs that changed after a revision; of a study that has ended, all runs.
async fn snapshot(client: &Client, study: &str, since: Option<i64>) -> Result<(Study, RunPage), ClientError> {
    // The study is read first: newer runs may show its end a second early, but no run can be missing.
    let now = client.study(study).await?;
    let since = since.filter(|_| !now.state.is_final());
    let runs = client.changed_runs(study, since).await?;
    Ok((now, runs))
}

fn show_on(bar: &ProgressBar, study: &Study, seen: &Seen) {
    bar.set_position(seen.ended());
    bar.set_message(
        study.best.as_ref().map_or_else(String::new, |best| format!("best dev F1 {:.4}", best.value)),
    );
}

/// What was told last of each run.
#[derive(Debug, Default)]
struct Seen(HashMap<RunId, Moment>);

/// A run as far as it is told.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Moment {
    state: RunState,
    attempt: Attempt,
    epochs: i32,
}

impl Seen {
    /// How many runs have ended.
    fn ended(&self) -> u64 {
        let ended = self.0.values().filter(|moment| moment.state.is_final()).count();
        u64::try_from(ended).unwrap_or(0)
    }

    /// The lines about what is new.
    fn update(&mut self, study: &Study, runs: &[Run]) -> Vec<String> {
        let mut lines = Vec::new();
        for run in runs {
            let now = Moment { state: run.state, attempt: run.attempt, epochs: run.epochs };
            let before = self.0.insert(run.id, now);
            if before != Some(now)
                && let Some(what) = event(study, run, before)
            {
                lines.push(line(study, run, &what));
            }
        }
        lines
    }
}

/// What happened to a run; `None` for a step that nobody needs to hear of.
fn event(study: &Study, run: &Run, before: Option<Moment>) -> Option<String> {
    let failure =
        || run.failure.as_ref().map_or_else(String::new, |failure| format!(": {}", failure.message));
    Some(match run.state {
        RunState::Waiting if before.is_none() && run.attempt == Attempt(0) => "proposed".to_owned(),
        RunState::Waiting => format!("waits again after attempt {}{}", run.attempt, failure()),
        RunState::Leased => return None,
        RunState::Running if run.epochs == 0 => format!("running   attempt {}", run.attempt),
        RunState::Running => {
            format!("running   epoch {}/{}{}", run.epochs, max_epochs(study, run), f1(run.best_so_far))
        }
        RunState::Completed => {
            format!("completed epoch {}/{}{}", run.epochs, max_epochs(study, run), f1(run.value))
        }
        RunState::Pruned => format!("pruned after epoch {}{}", run.epochs, f1(run.best_so_far)),
        RunState::Failed => format!("failed{}", failure()),
        RunState::Cancelled => "cancelled".to_owned(),
    })
}

fn line(study: &Study, run: &Run, what: &str) -> String {
    let who = match run.number {
        Some(number) if run.kind == RunKind::Trial => format!("trial {number:>3}"),
        _ => name(run),
    };
    let best = study.best.as_ref().map_or_else(String::new, |best| format!("best {:.4}", best.value));
    format!("{who:<9}  {what:<38}  {best:<11}  {}", params(&run.params)).trim_end().to_owned()
}

fn f1(value: Option<f64>) -> String {
    value.map_or_else(String::new, |value| format!("  dev F1 {value:.4}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    #[test]
    fn each_event_is_told_once() {
        let study = fixtures::study();
        let mut seen = Seen::default();
        let mut told = Vec::new();
        for (state, epochs, value) in [
            ("waiting", 0, None),
            ("waiting", 0, None),
            ("leased", 0, None),
            ("running", 0, None),
            ("running", 2, None),
            ("completed", 3, Some(0.5)),
        ] {
            let mut run = fixtures::trial(3, state, value);
            run.epochs = epochs;
            run.attempt = Attempt(i32::from(state != "waiting"));
            run.best_so_far = (epochs > 0).then_some(0.444_44);
            told.extend(seen.update(&study, &[run]));
        }
        told.extend(seen.update(&study, &[fixtures::failed(4, "memory ran out")]));
        insta::assert_snapshot!(told.join("\n"), @r#"
    trial   3  proposed                                best 0.5333  batch_size=16 learning_rate=2.50e-3
    trial   3  running   attempt 1                     best 0.5333  batch_size=16 learning_rate=2.50e-3
    trial   3  running   epoch 2/3  dev F1 0.4444      best 0.5333  batch_size=16 learning_rate=2.50e-3
    trial   3  completed epoch 3/3  dev F1 0.5000      best 0.5333  batch_size=16 learning_rate=2.50e-3
    trial   4  failed: memory ran out                  best 0.5333  batch_size=16 learning_rate=2.50e-3
    "#);
    }

    #[test]
    fn a_lost_attempt_is_told() {
        let mut run = fixtures::trial(1, "waiting", None);
        run.attempt = Attempt(1);
        let lines = Seen::default().update(&fixtures::study(), &[run]);
        insta::assert_snapshot!(lines.join("\n"), @"trial   1  waits again after attempt 1             best 0.5333  batch_size=16 learning_rate=2.50e-3");
    }
}
