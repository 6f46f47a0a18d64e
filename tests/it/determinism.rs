//! The same seed gives the same search: the same trials and the same metrics, to the last bit, on the CPU.

use pedigree_protocol::report::EpochReport;
use pedigree_protocol::run_detail::RunDetail;
use pedigree_tests::{Up, tiny_study};

use crate::invariants::{assert_invariants, wait_until_completed};

/// The parts of an epoch's report that do not depend on the machine's mood.
fn metrics(run: &RunDetail) -> Vec<(i32, f64, f64, f64, f64)> {
    let of = |m: &EpochReport| (m.epoch, m.train_loss, m.dev_loss, m.dev.strict.f1, m.gradient_norm);
    // A test run has none.
    let reports = run.training().map_or(&[][..], |training| &training.reports);
    reports.iter().map(|report| of(&report.metrics)).collect()
}

#[tokio::test]
async fn two_sequential_studies_with_one_seed_are_equal() {
    let up = Up::start(1, 5).await;
    // Twelve trials: the sampler's model takes over from the random start.
    let edit = |text: String| {
        let text = text.replace("trials: 4", "trials: 12").replace("max_concurrent: 2", "max_concurrent: 1");
        text.replace("max_epochs: 12", "max_epochs: 2")
    };
    let sweep = tiny_study(&up, edit);
    let mut searches = Vec::new();
    for name in ["first", "second"] {
        let sweep = sweep.to_str().unwrap();
        let names = ["--dataset", "synthetic", "--backbone", "tiny", "--name", name];
        up.json(&[&["sweep", "run", sweep, "--detach"], &names[..]].concat());
        let study = wait_until_completed(&up, name).await;
        assert_invariants(&up, &study).await;
        let mut search = Vec::new();
        for run in up.client().runs(name).await.unwrap() {
            let detail = up.client().run(run.id).await.unwrap();
            search.push((run.number, run.params, run.value, metrics(&detail)));
        }
        let tested: Vec<_> = study.seal.unwrap().results.into_iter().map(|result| result.scores).collect();
        searches.push((search, tested));
    }
    assert_eq!(searches[0], searches[1]);
}
