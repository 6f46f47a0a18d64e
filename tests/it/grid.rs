//! A grid from its file to its winner: killed in the middle and run again, it ends as one that nobody disturbed.

use std::path::PathBuf;
use std::time::Duration;

use pedigree_protocol::grid::{Grid, GridState};
use pedigree_protocol::study::StudyState;
use pedigree_tests::{Up, kill_nine, tiny_study, wait_for};

const LIMIT: Duration = Duration::from_secs(240);

const GRID: &str = "\
datasets: [synthetic, {name: fsu, unavailable: its licence forbids it}]
backbones: [tiny, tiny-1]
study:
  method: {preset: tpe}
  metric: {name: dev_f1, goal: maximize}
  trials: 2
  max_concurrent: 1
  transfer: off # the second grid must not learn from the first
  parameters:
    learning_rate: {min: 5.0e-3, max: 2.0e-2, log: true}
  fixed: {max_epochs: 8, lora_r: 4, batch_size: 8}
final: {seeds: 2}
seed: 7
";

/// Registers a corpus, a backbone and its first layer, and writes the grid's file.
fn prepare(up: &Up) -> PathBuf {
    tiny_study(up, |text| text);
    let (backbone, file) = (up.path("backbone"), up.path("grid.yaml"));
    up.json(&["backbone", "add", "tiny-1", backbone.to_str().unwrap(), "--layers", "1"]);
    std::fs::write(&file, GRID).unwrap();
    file
}

async fn look(up: &Up, name: &str) -> Result<Grid, String> {
    up.client().grid(name).await.map_err(|error| error.to_string())
}

async fn until(up: &Up, name: &str, what: &str, done: impl Fn(&Grid) -> bool) -> Grid {
    let seen = |grid: &Result<Grid, String>| grid.as_ref().is_ok_and(&done);
    wait_for(&format!("{what}\n{}", up.log()), LIMIT, || look(up, name), seen).await.unwrap()
}

/// What must not depend on who was killed when: per cell its best trial, its final runs and its test score.
fn figures(grid: &Grid) -> Vec<String> {
    let cells = grid.cells.iter().map(|cell| {
        let of = |progress: &pedigree_protocol::grid::StudyProgress| {
            let finals: Vec<_> = progress.finals.iter().map(|run| (run.seed, run.value)).collect();
            let best = progress.best.as_ref().map(|best| (best.number, best.value, best.params.clone()));
            let test = progress.test.map(|test| (test.strict, test.conlleval, test.models));
            format!("{:?} {best:?} {finals:?} {test:?}", progress.state)
        };
        let shown = cell.progress.as_ref().map(of);
        format!("{} {}: {shown:?} {:?}", cell.cell.dataset, cell.cell.backbone, cell.cell.hole)
    });
    let winners = grid.selections.iter().map(|selection| {
        let (_, winner) = selection.study.split_once('.').unwrap();
        format!(
            "{}: {winner} {:?}",
            selection.dataset,
            selection.candidates.iter().map(|c| c.value).collect::<Vec<_>>()
        )
    });
    cells.chain(winners).collect()
}

#[tokio::test]
async fn a_grid_that_was_killed_and_run_again_ends_as_an_undisturbed_one() {
    let mut up = Up::start(2, 3).await;
    let file = prepare(&up);
    let run = |up: &Up, name: &str| {
        up.json(&["grid", "run", file.to_str().unwrap(), "--name", name, "--detach"]);
    };
    run(&up, "calm");
    let calm = until(&up, "calm", "the end of the grid", |grid| grid.summary.state.is_final()).await;
    assert_eq!(calm.summary.state, GridState::Completed, "{calm:#?}");
    assert_eq!((calm.summary.cells, calm.summary.holes, calm.selections.len()), (2, 2, 1));

    let test = calm.cells.iter().find_map(|cell| cell.progress.as_ref()?.test).unwrap();
    assert!(test.strict > 0.0, "a model that has learnt nothing compares nothing: {calm:#?}");

    run(&up, "disturbed");
    until(&up, "disturbed", "a trial that has ended", |grid| grid.summary.trials_ended >= 1).await;
    let parts: Vec<u32> = ["coordinator", "worker"].iter().map(|part| up.process(part).unwrap()).collect();
    up.kill();
    parts.iter().for_each(|pid| kill_nine(*pid));
    up.start_again().await;
    run(&up, "disturbed");
    until(&up, "disturbed", "the final runs", |grid| {
        let states = grid.cells.iter().filter_map(|cell| cell.progress.as_ref()).map(|study| study.state);
        states.into_iter().any(|state| state != StudyState::Searching)
    })
    .await;
    kill_nine(up.process("worker").unwrap());
    let disturbed =
        until(&up, "disturbed", "the end of the grid", |grid| grid.summary.state.is_final()).await;
    assert_eq!(figures(&disturbed), figures(&calm));

    let listed = up.json(&["grid", "list"]);
    assert_eq!(listed.as_array().unwrap().len(), 2, "{listed}");
    let shown = up.json(&["grid", "show", "calm"]);
    assert_eq!(shown["summary"]["state"], "completed", "{shown}");
    let screen = up.cli(&["grid", "show", "calm"]);
    let screen = String::from_utf8(screen.stdout).unwrap();
    assert!(
        screen.contains("hole: dataset fsu: its licence forbids it") && screen.contains(" *"),
        "{screen}"
    );
}
