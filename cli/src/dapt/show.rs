//! Pretrainings as tables.

use std::io::{self, Write};

use pedigree_protocol::client::Client;
use pedigree_protocol::dapt::{Dapt, DaptReport};
use serde_json::json;

use super::summary::summary_facts;
use crate::attempt::{AttemptArg, write_attempts, write_epochs};
use crate::output::{Output, bytes, table, write_facts, write_table};
use crate::params;
use crate::run::{held_by, state as run_state};

const EPOCHS: [&str; 7] =
    ["epoch", "step", "train loss", "pseudo-perplexity", "bits/char", "masked accuracy", "seconds"];

pub(super) fn list(all: &[Dapt], output: Output) -> anyhow::Result<()> {
    let header =
        ["pretraining", "backbone", "state", "priority", "epochs", "pseudo-perplexity", "text", "waits"];
    let rows = all.iter().map(|dapt| {
        vec![
            dapt.spec.name.clone(),
            dapt.spec.backbone.clone(),
            format!("{}{}", run_state(dapt.run.state), held_by(&dapt.run, dapt.hold)),
            dapt.priority.to_string(),
            dapt.run.epochs.to_string(),
            perplexity(dapt),
            dapt.spec.passages.name.clone(),
            dapt.waits.clone().unwrap_or_else(|| "-".to_owned()),
        ]
    });
    let table = table(&header, &[3, 4], rows);
    output.document(&all, |screen| write_table(screen, &table))
}

fn perplexity(dapt: &Dapt) -> String {
    match (&dapt.summary, dapt.run.best_so_far) {
        (Some(summary), _) => {
            format!("{:.3} -> {:.3}", summary.before.pseudo_perplexity, summary.after.pseudo_perplexity)
        }
        (None, Some(best)) => format!("{best:.3}"),
        (None, None) => "-".to_owned(),
    }
}

/// Writes the state of a pretraining, and what to do with its result.
pub(super) fn state(dapt: &Dapt, output: Output) -> anyhow::Result<()> {
    output.document(dapt, |screen| write_state(screen, dapt))
}

fn write_state(screen: &mut dyn Write, dapt: &Dapt) -> io::Result<()> {
    write_facts(screen, &facts(dapt))?;
    let name = &dapt.spec.name;
    match (&dapt.summary, &dapt.spec.leaves) {
        (Some(_), Some(left)) => {
            writeln!(screen, "\nthe adapted backbone is {left}; `--backbone {left}` starts a study from it")
        }
        (Some(_), None) => {
            writeln!(screen, "\n`pedigree backbone add NAME --dapt {name}` registers the adapted backbone")
        }
        (None, _) => Ok(()),
    }
}

pub(super) async fn one(
    client: &Client,
    name: &str,
    attempt: AttemptArg,
    output: Output,
) -> anyhow::Result<()> {
    let dapt = client.dapt(name).await?;
    let detail = attempt.detail(client, dapt.run.id).await?;
    let reports = detail.pretraining().map_or(&[][..], |own| &own.reports);
    let document = json!({ "dapt": dapt, "reports": reports, "attempts": detail.attempts });
    output.document(&document, |screen| {
        write_state(screen, &dapt)?;
        write_epochs(screen, reports, &EPOCHS, epoch)?;
        write_attempts(screen, &detail.attempts)
    })
}

fn facts(dapt: &Dapt) -> Vec<(&'static str, String)> {
    let (spec, run) = (&dapt.spec, &dapt.run);
    let failure = run.failure.as_ref();
    let failure = failure.map_or_else(String::new, |f| format!(" ({}): {}", f.cause.as_str(), f.message));
    let mut facts = vec![
        ("pretraining", format!("{} of {}, run {}", spec.name, spec.backbone, run.id)),
        ("state", format!("{}{}{failure}", run_state(run.state), held_by(run, dapt.hold))),
        ("priority", dapt.priority.to_string()),
        ("passages", format!("{} ({})", spec.passages.name, bytes(spec.passages.bytes))),
        ("held out", format!("{} ({})", spec.held_out.name, bytes(spec.held_out.bytes))),
        ("parameters", format!("seed={} {}", spec.seed, params::params(&spec.params))),
    ];
    facts.extend(dapt.waits.clone().map(|waits| ("waits", waits)));
    if let Some(summary) = &dapt.summary {
        facts.extend(summary_facts(summary));
    }
    facts
}

fn epoch(metrics: &DaptReport) -> Vec<String> {
    vec![
        metrics.epoch.to_string(),
        metrics.step.to_string(),
        format!("{:.4}", metrics.train_loss),
        format!("{:.3}", metrics.held_out.pseudo_perplexity),
        format!("{:.4}", metrics.held_out.bits_per_character),
        format!("{:.4}", metrics.held_out.masked_accuracy),
        format!("{:.1}", metrics.seconds),
    ]
}

#[cfg(test)]
mod tests {
    use pedigree_protocol::resources::Hold;

    use super::*;
    use crate::fixtures;

    fn shown(dapt: &Dapt) -> String {
        let mut screen = Vec::new();
        write_state(&mut screen, dapt).unwrap();
        String::from_utf8(screen).unwrap()
    }

    #[test]
    fn a_paused_pretraining_says_that_it_is_and_why_it_waits() {
        let mut dapt = fixtures::dapt("waiting");
        (dapt.hold, dapt.priority, dapt.waits) = (Hold::Finish, -3, Some("it is paused".into()));
        let shown = shown(&dapt);
        for (fact, value) in [("state", "waiting, paused"), ("priority", "-3"), ("waits", "it is paused")] {
            let line = shown.lines().find(|line| line.starts_with(fact)).unwrap();
            assert_eq!(line[fact.len()..].trim(), value, "{shown}");
        }
    }

    #[test]
    fn a_completed_one_names_the_backbone_that_it_left_or_how_to_register_it() {
        let mut dapt = fixtures::dapt("completed");
        assert!(
            shown(&dapt)
                .ends_with("\n`pedigree backbone add NAME --dapt adapted` registers the adapted backbone\n")
        );
        dapt.spec.leaves = Some("tiny-adapted".into());
        let shown = shown(&dapt);
        assert!(
            shown.ends_with(
                "\nthe adapted backbone is tiny-adapted; `--backbone tiny-adapted` starts a study from it\n"
            ),
            "{shown}"
        );
        assert!(!shown.contains("backbone add"), "{shown}");
    }
}
