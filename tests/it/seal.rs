//! Trials never see test text: the store refuses it to everyone but the test run.

use pedigree_protocol::ErrorCode;
use pedigree_protocol::run::RunKind;
use pedigree_tests::{Up, tiny_study};

use crate::invariants::wait_until_completed;

#[tokio::test]
async fn the_test_split_is_opened_by_the_test_run_alone() {
    let up = Up::start(1, 5).await;
    let sweep = tiny_study(&up, |text| {
        text.replace("trials: 4", "trials: 2").replace("max_epochs: 12", "max_epochs: 2")
    });
    let client = up.client();
    let test = client.dataset("synthetic").await.unwrap().spec.splits.test.sha256;
    let refused = client.artifact(&test).await.err().expect("a sealed split is not served");
    assert_eq!(refused.code(), Some(ErrorCode::Sealed), "{refused}");

    let sweep = sweep.to_str().unwrap();
    up.json(&["sweep", "run", sweep, "--dataset", "synthetic", "--backbone", "tiny", "--detach"]);
    let study = wait_until_completed(&up, "tiny").await;
    let seal = study.seal.clone().expect("sealed");
    assert_eq!((seal.openings, &seal.test_sha256), (1, &test));
    for run in client.runs("tiny").await.unwrap() {
        let refused = client.open_test(run.id, run.attempt).await.expect_err("nobody opens it after the end");
        assert!(refused.code().is_some(), "{refused}");
        assert_eq!(run.kind == RunKind::Test, run.id == seal.run_id);
    }
    assert!(client.artifact(&test).await.is_err(), "it stays sealed");

    let evaluate = ["evaluate", "--adapter", "tiny/final", "--on", "synthetic"];
    let refused = up.cli(&[&evaluate[..], &["--split", "test"]].concat());
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && said.contains("opened only by a study's test run"), "{said}");
    let dev = up.json(&evaluate);
    assert_eq!(seal.results[0].run_id, study.finals[0].run_id);
    let summary = client
        .run(study.finals[0].run_id)
        .await
        .unwrap()
        .training()
        .unwrap()
        .summary
        .clone()
        .expect("completed");
    assert_eq!(dev["overall"]["strict"]["f1"].as_f64(), Some(summary.dev.strict.f1), "{dev}");
    assert_eq!(dev["overall"]["conlleval"]["f1"].as_f64(), Some(summary.dev.conlleval.f1), "{dev}");
}
