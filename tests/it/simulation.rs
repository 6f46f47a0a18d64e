//! A simulated grid: the real coordinator under simulated workers that die, and its restart in the middle.

use std::process::Command;

use pedigree_tests::binary;
use serde_json::Value;

const GRID: &str = "\
name: small
datasets: [{name: first}, {name: second}, {name: absent, unavailable: nobody has it}]
backbones: [{name: encoder}, {name: other-encoder}]
study:
  method: {preset: tpe}
  metric: {name: dev_f1, goal: maximize}
  trials: 3
  max_concurrent: 2
  early_stop: {patience: 2}
  retries: 1
  parameters:
    learning_rate: {min: 1.0e-5, max: 1.0e-3, log: true}
  fixed: {max_epochs: 6}
final: {seeds: 2}
seed: 5
";

#[test]
fn a_simulated_grid_holds_exactly_what_its_file_asks_for() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("small.yaml");
    std::fs::write(&file, GRID).unwrap();
    let mut command = Command::new(binary());
    command.args(["grid", "simulate"]).arg(&file).args(["--gpus", "5", "--seed", "11", "--json"]);
    let output = command.output().unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{stdout}\n{stderr}");
    let figures: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(figures["simulated"], true);
    assert_eq!(figures["wrong"], serde_json::json!([]));
    let sum = |key: &str| -> i64 {
        figures["cells"].as_array().unwrap().iter().map(|cell| cell[key].as_i64().unwrap()).sum()
    };
    assert_eq!(["trials", "finals", "tests", "seals"].map(sum), [12, 8, 2, 2]);
    // Something happened on the way: a restart, crashes, and workers that vanished, one with its device.
    let count = |key: &str| figures[key].as_u64().unwrap();
    assert_eq!(
        ["restarts", "crashes", "vanished", "lost_devices"].map(count),
        [1, 2, 2, 1],
        "{stdout}\n{stderr}"
    );
    assert!(figures["makespan_h"].as_f64().unwrap() > 0.0);
    assert!(figures["lost_h"].as_f64().unwrap() > 0.0);
}
