//! The runs of a study as a table, and the order of its trials.

use comfy_table::Table;
use pedigree_protocol::objective::Goal;
use pedigree_protocol::run::{Run, RunKind, RunState};
use pedigree_protocol::study::Study;

use crate::output::table;
use crate::params::{max_epochs, short};
use crate::run::{state, took};

/// The trials among the runs: completed ones by value, then the others by number.
pub(crate) fn best_first<'a>(study: &Study, runs: &'a [Run]) -> Vec<&'a Run> {
    let mut trials: Vec<&Run> = runs.iter().filter(|run| run.kind == RunKind::Trial).collect();
    trials.sort_by(|a, b| {
        let key = |run: &Run| {
            run.value.map(|value| if study.spec.metric.goal == Goal::Maximize { -value } else { value })
        };
        match (key(a), key(b)) {
            (Some(a), Some(b)) => a.total_cmp(&b),
            (a, b) => a.is_none().cmp(&b.is_none()),
        }
        .then(a.number.cmp(&b.number))
    });
    trials
}

/// These runs of a study as a table.
pub(crate) fn leaderboard<'a>(study: &Study, runs: impl IntoIterator<Item = &'a Run>) -> Table {
    let names: Vec<_> = study.spec.parameters.dimensions().iter().map(|d| d.name.as_str()).collect();
    let header: Vec<_> = ["trial", "state", study.spec.metric.name.as_str(), "epochs", "took"]
        .into_iter()
        .chain(names)
        .collect();
    let rows = runs.into_iter().map(|run| row(study, run));
    table(&header, &(0..header.len()).filter(|column| *column != 1).collect::<Vec<_>>(), rows)
}

fn row(study: &Study, run: &Run) -> Vec<String> {
    let state = match &run.failure {
        Some(failure) if run.state == RunState::Failed => format!("failed: {}", failure.message),
        _ => state(run.state).to_owned(),
    };
    let facts = [
        label(run),
        state,
        run.value.map_or_else(|| "-".to_owned(), |value| format!("{value:.4}")),
        format!("{}/{}", run.epochs, max_epochs(study, run)),
        took(run),
    ];
    let values = study
        .spec
        .parameters
        .dimensions()
        .iter()
        .map(|dimension| run.params.get(&dimension.name).map_or_else(|| "-".to_owned(), short));
    facts.into_iter().chain(values).collect()
}

fn label(run: &Run) -> String {
    match (run.kind, run.number, run.replicate) {
        (RunKind::Test, ..) => "test".to_owned(),
        (_, Some(number), _) => number.to_string(),
        (_, None, Some(replicate)) if replicate > 1 => format!("final:{replicate}"),
        (_, None, _) => "final".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use crate::output::write_table;

    #[test]
    fn a_run_without_a_number_is_the_final_one() {
        let mut last = fixtures::trial(5, "running", None);
        last.number = None;
        let mut text = Vec::new();
        write_table(&mut text, &leaderboard(&fixtures::study(), [&last])).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert!(text.lines().last().unwrap().starts_with("final  running"), "{text}");
    }

    #[test]
    fn the_best_trial_stands_first_and_failures_say_why() {
        let runs = [
            fixtures::trial(1, "completed", Some(0.41)),
            fixtures::failed(2, "training diverged at step 3"),
            fixtures::trial(3, "completed", Some(0.533_33)),
            fixtures::trial(4, "running", None),
        ];
        let (study, mut text) = (fixtures::study(), Vec::new());
        write_table(&mut text, &leaderboard(&study, best_first(&study, &runs))).unwrap();
        insta::assert_snapshot!(String::from_utf8(text).unwrap(), @r#"
    trial  state                                dev_f1  epochs        took  learning_rate  batch_size
        3  completed                            0.5333     3/3  1 min 05 s        2.50e-3          16
        1  completed                            0.4100     3/3  1 min 05 s        2.50e-3          16
        2  failed: training diverged at step 3       -     3/3           -        2.50e-3          16
        4  running                                   -     3/3           -        2.50e-3          16
    "#);
    }
}
