//! What the process tests train on: a small synthetic corpus and a tiny backbone with random weights.

use std::fs;
use std::path::PathBuf;

use crate::up::Up;

/// A search that takes seconds: small enough for a test, long enough to be killed in the middle.
pub const TINY_SWEEP: &str = "\
name: tiny
method: {preset: tpe}
metric: {name: dev_f1, goal: maximize}
trials: 4
max_concurrent: 2
early_stop: {patience: 12}
seed: 7
parameters:
  learning_rate: {min: 1.0e-3, max: 1.0e-2, log: true}
  batch_size: {values: [8, 16], ordinal: true}
fixed:
  max_epochs: 12
  lora_r: 4
";

/// Registers the corpus `synthetic` and the backbone `tiny`, and writes the sweep file, edited by `edit`.
pub fn tiny_study(up: &Up, edit: impl FnOnce(String) -> String) -> PathBuf {
    let (corpus, backbone, sweep) = (up.path("corpus"), up.path("backbone"), up.path("tiny.yaml"));
    let (corpus, backbone) = (corpus.to_str().expect("plain"), backbone.to_str().expect("plain"));
    up.json(&["data", "synth", corpus, "--flavour", "easy", "--train", "160", "--dev", "60", "--test", "60"]);
    up.json(&["data", "add", "synthetic", corpus]);
    up.json(&[
        "backbone", "random", backbone, "--corpus", corpus, "--hidden", "32", "--layers", "2", "--heads", "4",
    ]);
    up.json(&["backbone", "add", "tiny", backbone]);
    fs::write(&sweep, edit(TINY_SWEEP.to_owned())).expect("own folder");
    sweep
}
