//! A study with its runs, and how it is printed.

use std::io::{self, Write};

use pedigree_protocol::client::Client;
use pedigree_protocol::insight::StudyInsight;
use pedigree_protocol::pruner::Pruner;
use pedigree_protocol::resources::{Resources, write_duration};
use pedigree_protocol::run::Run;
use pedigree_protocol::study::{FinalRun, Study, TrialCounts};
use serde::Serialize;

use super::importance;
use super::state::{held, study_state};
use crate::leaderboard::{best_first, leaderboard};
use crate::output::{duration, write_facts, write_table};
use crate::params::params;
use crate::run;
use crate::test_score::write_seal;

/// A study with its runs.
#[derive(Debug, Serialize)]
pub(crate) struct Outcome {
    pub(crate) study: Study,
    runs: Vec<Run>,
    /// Which sampler proposed the trials and which studies donated; only where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    insight: Option<StudyInsight>,
    /// URL of its page.
    dashboard: String,
}

impl Outcome {
    pub(crate) fn new(study: Study, runs: Vec<Run>, client: &Client) -> Self {
        let dashboard = format!("{}/studies/{}", client.server(), study.spec.name);
        Self { study, runs, insight: None, dashboard }
    }

    /// Adds which sampler proposed the trials and which studies donated.
    pub(super) fn with_insight(self, insight: StudyInsight) -> Self {
        Self { insight: Some(insight), ..self }
    }
}

/// Writes what is said of a study that nobody follows.
pub(crate) fn write_created(screen: &mut dyn Write, outcome: &Outcome) -> io::Result<()> {
    let name = &outcome.study.spec.name;
    writeln!(screen, "study {name} is {}: {}", study_state(outcome.study.state), outcome.dashboard)?;
    writeln!(screen, "`pedigree study watch {name}` follows it")
}

/// Writes the facts of a study, its leaderboard, its test score, its seal and its page.
pub(crate) fn write_outcome(screen: &mut dyn Write, outcome: &Outcome) -> io::Result<()> {
    let Outcome { study, runs, insight, dashboard } = outcome;
    let mut facts = facts(study);
    facts.extend(insight.iter().flat_map(importance::facts));
    write_facts(screen, &facts)?;
    writeln!(screen)?;
    write_table(screen, &leaderboard(study, best_first(study, runs)))?;
    writeln!(screen)?;
    match &study.seal {
        Some(seal) => write_seal(screen, seal)?,
        None => writeln!(screen, "the test split has not been opened")?,
    }
    writeln!(screen, "dashboard: {dashboard}")
}

fn facts(study: &Study) -> Vec<(&'static str, String)> {
    let spec = &study.spec;
    let synthetic = if study.synthetic { " (SYNTHETIC: its scores say nothing about real text)" } else { "" };
    let took =
        study.ended_at.map(|end| format!(" after {}", duration((end - study.created_at).num_seconds())));
    let failure = study.failure.as_ref().map_or_else(String::new, |failure| format!(": {failure}"));
    let held = held(study.hold);
    let state = format!("{}{held}{}{failure}", study_state(study.state), took.unwrap_or_default());
    let mut facts = vec![
        ("study", spec.name.clone()),
        ("state", state),
        ("dataset", format!("{}{synthetic}", spec.dataset)),
        ("backbone", spec.backbone.clone()),
        ("method", format!("{}, seed {}", spec.method.as_str(), spec.seed)),
        ("metric", format!("{}, {} protocol", spec.metric.name.as_str(), spec.metric.protocol.as_str())),
        ("trials", format!("{} of {}", counts(&study.trials), spec.trials)),
    ];
    facts.extend(study.waits.clone().map(|waits| ("waits", waits)));
    facts.extend((study.priority != 0).then(|| ("priority", study.priority.to_string())));
    facts.extend(study.owner.clone().map(|owner| ("owner", owner)));
    if !spec.resources.is_empty() {
        facts.push(("resources", resources(&spec.resources)));
    }
    if spec.pruner != Pruner::None {
        facts.push(("pruner", spec.pruner.as_str().to_owned()));
    }
    if let Some(best) = &study.best {
        let params = params(&best.params);
        facts.push(("best", format!("{:.4} by trial {}: {params}", best.value, best.number)));
    }
    facts.extend(study.finals.iter().map(|last| ("final run", final_run(study, last))));
    facts.extend(study.behind.clone().map(|behind| ("behind", behind)));
    facts
}

/// A final run beside the best trial, whose configuration it has.
fn final_run(study: &Study, last: &FinalRun) -> String {
    let number = if study.finals.len() > 1 { format!("{}: ", last.replicate) } else { String::new() };
    let value = last.value.map_or_else(String::new, |value| format!("{value:.4}, "));
    format!("{number}{value}{} (seed {})", run::state(last.state), last.seed)
}

fn resources(asked: &Resources) -> String {
    let parts = [
        asked.gpu_model.as_ref().map(|model| format!("gpu_model {model}")),
        asked.min_memory_gib.map(|gib| format!("min_memory_gib {gib}")),
        asked.walltime_s.map(|seconds| format!("walltime {}", write_duration(seconds))),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn counts(trials: &TrialCounts) -> String {
    let counted = [
        (trials.completed, "completed"),
        (trials.pruned, "pruned"),
        (trials.failed, "failed"),
        (trials.cancelled, "cancelled"),
        (trials.running + trials.leased, "running"),
        (trials.waiting, "waiting"),
    ];
    let said: Vec<_> = counted
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    if said.is_empty() { "none yet".to_owned() } else { said.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    #[test]
    fn an_outcome_reads_from_the_facts_to_the_page() {
        let client = Client::new("http://127.0.0.1:8765/", None);
        let mut study = fixtures::study();
        study.seal = Some(fixtures::seal());
        let outcome = Outcome::new(study, vec![fixtures::trial(1, "completed", Some(0.5))], &client);
        let mut text = Vec::new();
        write_outcome(&mut text, &outcome).unwrap();
        insta::assert_snapshot!(String::from_utf8(text).unwrap(), @r#"
    study      try
    state      completed after 5 min 05 s
    dataset    synthetic (SYNTHETIC: its scores say nothing about real text)
    backbone   tiny
    method     tpe, seed 42
    metric     dev_f1, strict protocol
    trials     2 completed, 1 failed, 1 running of 4
    best       0.5333 by trial 3: batch_size=16 learning_rate=2.50e-3
    final run  0.5100, completed (seed 7)

    trial  state      dev_f1  epochs        took  learning_rate  batch_size
        1  completed  0.5000     3/3  1 min 05 s        2.50e-3          16

    test score over 60 sentences
    entities   protocol   precision  recall      F1  right  spurious  missed
    all types  strict        0.8000  0.5000  0.6154     40        10      40
    all types  conlleval     0.8000  0.5000  0.6154     40        10      40
    seal: test split abababababab opened 2026-01-02 03:08:00 UTC, once, by run 019a0000-0000-7000-8000-000000000001 attempt 1; sealed 03:09:00 UTC
    dashboard: http://127.0.0.1:8765/studies/try
    "#);
    }
}
