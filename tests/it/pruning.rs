//! A study with a pruner: real trainers are stopped, their trials end as pruned, and the sampler learns of them.

use pedigree_protocol::run::{AttemptState, Run, RunState};
use pedigree_tests::{Up, tiny_study};

use crate::invariants::wait_until_completed;

const PRUNER: &str = "trials: 8\npruner: {name: threshold, lower: 0.01, warmup_steps: 7}";

#[tokio::test]
async fn trials_that_learn_nothing_are_stopped_and_the_study_goes_on() {
    let up = Up::start(1, 5).await;
    let edit = |text: String| {
        let text = text.replace("max_concurrent: 2", "max_concurrent: 1").replace("trials: 4", PRUNER);
        // Rates from far too low to high.
        text.replace("min: 1.0e-3, max: 1.0e-2", "min: 1.0e-5, max: 3.0e-2")
    };
    let sweep = tiny_study(&up, edit);
    let names = ["--dataset", "synthetic", "--backbone", "tiny"];
    up.json(&[&["sweep", "run", sweep.to_str().unwrap(), "--detach"], &names[..]].concat());
    let study = wait_until_completed(&up, "tiny").await;
    let runs = up.client().runs("tiny").await.unwrap();
    let pruned: Vec<&Run> = runs.iter().filter(|run| run.state == RunState::Pruned).collect();
    assert!(!pruned.is_empty() && study.trials.completed >= 1, "{runs:#?}");
    for run in &pruned {
        let detail = up.client().run(run.id).await.unwrap();
        let last = detail.attempts.last().unwrap();
        assert_eq!((last.state, run.value), (AttemptState::Pruned, None));
        assert!(last.prune_reason.is_some(), "{last:?}");
        assert!((8..12).contains(&run.epochs), "stopped before its last epoch: {run:?}");
        assert!(up.client().log(run.id, None, 0).await.unwrap().text.contains("epoch 1:"));
    }
    let last = runs.iter().rfind(|run| run.number.is_some()).unwrap();
    let detail = up.client().run(last.id).await.unwrap();
    let record = detail.training().unwrap().suggestion.as_ref().unwrap();
    let seen = &record.suggested().unwrap().finished;
    for run in pruned.iter().filter(|run| run.id != last.id) {
        let number = run.number.unwrap().cast_unsigned();
        assert!(seen.contains(number), "{seen:?} lacks {number}");
    }
}
