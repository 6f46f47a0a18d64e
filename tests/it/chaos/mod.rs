//! A dozen random schedules of faults, and the checker that judges them. `make chaos SEEDS=200` runs more.

mod checker;

use futures::StreamExt as _;
use pedigree_tests::chaos::{Schedule, Template, run};

/// Schedules at a time: they mostly wait.
const JOBS: usize = 3;

#[tokio::test(flavor = "multi_thread")]
async fn a_dozen_random_schedules_break_no_invariant() {
    let template = Template::make().unwrap();
    let runs = futures::stream::iter(1..=12).map(|seed| run(Schedule::of_seed(seed), &template));
    let outcomes: Vec<_> = runs.buffer_unordered(JOBS).collect().await;
    let mut broken = String::new();
    for outcome in outcomes {
        let outcome = outcome.unwrap();
        println!("{}", outcome.to_string().lines().next().unwrap_or_default());
        outcome.notes.iter().for_each(|note| println!("{note}"));
        if !outcome.violations.is_empty() {
            broken += &outcome.to_string();
        }
    }
    assert!(broken.is_empty(), "{broken}");
}
