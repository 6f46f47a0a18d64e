//! A pretraining as a run: queued, its trainer killed, resumed, done; its adapter is what a study's trainings start from.

use std::time::Duration;

use pedigree_protocol::run::{AttemptState, RunKind, RunState};
use pedigree_protocol::run_detail::{AdaptDetail, RunDetail};
use pedigree_tests::{Up, kill_nine, tiny_study, wait_for};

use crate::invariants::{assert_invariants, wait_until_completed};

const LIMIT: Duration = Duration::from_secs(120);
const EPOCHS: usize = 60;

/// The neighbours of a masked word tell which word it is: each passage says one word again and again.
const WORDS: [&str; 4] = ["patients", "mice", "carriers", "children"];

fn text(up: &Up, name: &str, passages: usize) -> String {
    let passage = |at: usize| format!("{} ", WORDS[at % WORDS.len()]).repeat(10 + at % 9);
    let lines: Vec<String> = (0..passages).map(passage).collect();
    std::fs::write(up.path(name), lines.join("\n")).unwrap();
    up.path(name).to_str().unwrap().to_owned()
}

fn own(detail: &RunDetail) -> &AdaptDetail {
    detail.pretraining().unwrap()
}

async fn until(up: &Up, what: &str, done: impl Fn(&RunDetail) -> bool) -> RunDetail {
    let client = up.client();
    let look = || async {
        let run = client.dapt("adapted").await.ok()?.run.id;
        client.run(run).await.ok()
    };
    let what = format!("{what}\n{}", up.log());
    wait_for(&what, LIMIT, look, |seen| seen.as_ref().is_some_and(&done)).await.unwrap()
}

#[tokio::test]
async fn a_study_starts_from_the_adapter_of_a_pretraining_whose_trainer_was_killed() {
    let up = Up::start(1, 5).await;
    let sweep = tiny_study(&up, |text| {
        text.replace("trials: 4", "trials: 2").replace("max_epochs: 12", "max_epochs: 2")
    });
    let (passages, held_out) = (text(&up, "passages.txt", 320), text(&up, "held-out.txt", 40));
    let submit = |name: &str, leaves: &[&str]| {
        let epochs = format!("epochs={EPOCHS}");
        let texts = ["--backbone", "tiny", "--passages", &passages, "--held-out", &held_out, "--detach"];
        let settings = ["--set", &epochs, "--set", "batch_size=8", "--set", "max_length=48"];
        let rate = ["--set", "learning_rate=0.01"];
        up.json(&[&["dapt", "submit", name], &texts[..], &settings[..], &rate[..], leaves].concat())
    };
    assert_eq!(submit("adapted", &["--leaves", "tiny-adapted"])["run"]["kind"], "dapt");
    submit("unwanted", &[]);
    // A study is queued for the backbone that is not there yet.
    let sweep = sweep.to_str().unwrap();
    up.json(&["sweep", "run", sweep, "--dataset", "synthetic", "--backbone", "tiny-adapted", "--detach"]);
    let waits = up.json(&["study", "show", "tiny"])["study"]["waits"].clone();
    assert_eq!(waits, "the pretraining adapted has to end first: it leaves the backbone");
    assert_eq!(up.json(&["dapt", "cancel", "unwanted"])["run"]["state"], "cancelled");

    let has_left =
        |detail: &RunDetail| !own(detail).reports.is_empty() && !up.checkpoints(detail.run.id).is_empty();
    until(&up, "an epoch and a stored checkpoint", has_left).await;
    kill_nine(up.trainers()[0]);
    let detail = until(&up, "the end", |detail| detail.run.state.is_final()).await;
    let states: Vec<_> = detail.attempts.iter().map(|attempt| attempt.state).collect();
    assert_eq!(states, [AttemptState::Failed, AttemptState::Completed], "{detail:#?}\n{}", up.log());
    let newest: Vec<_> = own(&detail).reports.iter().map(|report| &report.metrics).collect();
    let epochs: Vec<_> = newest.iter().map(|report| usize::try_from(report.epoch).unwrap()).collect();
    assert_eq!(epochs, (1..=EPOCHS).collect::<Vec<_>>());
    assert!(newest[0].carried && !newest[EPOCHS - 1].carried, "it went on where it was left: {newest:#?}");
    let summary = own(&detail).summary.clone().unwrap();
    assert!(summary.after.pseudo_perplexity < summary.before.pseudo_perplexity, "{summary:?}");
    assert_eq!(detail.run.value, Some(summary.after.pseudo_perplexity));

    let shown = up.json(&["dapt", "show", "adapted"]);
    assert_eq!(shown["reports"].as_array().unwrap().len(), newest.len());
    assert_eq!(up.json(&["dapt", "list"]).as_array().unwrap().len(), 2);
    assert_eq!(up.json(&["dapt", "watch", "adapted"])["run"]["state"], "completed");
    assert!(up.json(&["dapt", "logs", "adapted"])["text"].as_str().unwrap().contains("continuing after"));

    let adapted = up.json(&["backbone", "show", "tiny-adapted"]);
    assert_eq!(adapted["spec"]["start_adapter"]["source"], "pedigree dapt adapted");
    let by_hand = up.json(&["backbone", "add", "by-hand", "--dapt", "adapted"]);
    assert_eq!(by_hand["spec"]["sha256"], adapted["spec"]["sha256"]);
    let study = wait_until_completed(&up, "tiny").await;
    assert_invariants(&up, &study).await;
    for run in up.client().runs("tiny").await.unwrap() {
        assert_eq!(run.state, RunState::Completed);
        if run.kind == RunKind::Test {
            continue;
        }
        let left = up.client().run(run.id).await.unwrap().attempts.pop().unwrap().artifacts;
        let carried = left.iter().find(|file| file.name == "adapter/dapt/adapter_model.safetensors");
        let start = adapted["spec"]["files"].as_array().unwrap().iter();
        let start = start.into_iter().find(|file| file["name"] == "dapt/adapter_model.safetensors").unwrap();
        assert_eq!(carried.unwrap().sha256.as_str(), start["sha256"], "it started from this adapter");
    }
    let again = up.cli(&[
        "dapt",
        "submit",
        "twice",
        "--backbone",
        "tiny-adapted",
        "--passages",
        &passages,
        "--held-out",
        &held_out,
    ]);
    let said = String::from_utf8_lossy(&again.stderr);
    assert!(!again.status.success() && said.contains("starts from an adapter of an earlier"), "{said}");
}
