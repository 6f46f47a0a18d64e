//! The sentences that wrong grid files get, and that right ones keep their meaning.

use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;
use crate::artifact::ArtifactFile;
use crate::grid::{GridProblem, GridSpec, Scope, TestPolicy};
use crate::params::Scalar;

const GOOD: &str = "\
name: paper
datasets:
  - ncbi-disease
  - {name: fsu, unavailable: private, source: C-04}
backbones:
  - bert
  - {name: electra, substitute_for: bioelectra, parameters: 335000000,
     pretraining: {text: a.txt, held_out: b.txt, parameters: {epochs: 3, learning_rate: 2e-4}}}
study:
  method: {preset: tpe}
  metric: {name: dev_f1, goal: maximize}
  parameters:
    learning_rate: {min: 1e-5, max: 5e-5, log: true, source: PDF section 3.7}
    batch_size: {value: {values: [8, 16]}, source: PDF section 3.7}
  fixed:
    lora_r: {value: 16, source: paper section 3.5}
  trials: {value: 40, source: paper section 3.7}
variants:
  - searched
  - {name: defaults, search: false, fixed: {learning_rate: 1e-4}}
final: {seeds: 3, test: cells}
scope: per-cell
seed: 7
";

/// Every text of a pretraining is one line long.
fn read(file: &PretrainingFile) -> Result<PretrainingRead, GridProblem> {
    let digit = |name: &str| if name == "a.txt" { "1" } else { "2" };
    let text = |name: &str| ArtifactFile {
        name: name.to_owned(),
        sha256: digit(name).repeat(64).parse().unwrap(),
        bytes: 1,
    };
    let parameters = file.parameters.clone();
    Ok(PretrainingRead { text: text(&file.text), held_out: text(&file.held_out), parameters })
}

fn spec(text: &str) -> Result<GridSpec, super::super::Problems> {
    GridFile::parse(text, "g.yaml")?.spec(&GridFlags::default(), read)
}

fn refuse_with(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from:?} is not in the good file");
    spec(&GOOD.replacen(from, to, 1)).unwrap_err().to_string()
}

#[test]
fn a_good_file_becomes_a_grid() {
    let grid = spec(GOOD).unwrap();
    let studies: Vec<_> = grid.cells().into_iter().filter(|c| c.hole.is_none()).map(|c| c.study).collect();
    let expected = ["bert.searched", "bert.defaults", "electra.searched", "electra.defaults"];
    assert_eq!(studies, expected.map(|end| format!("paper.ncbi-disease.{end}")));
    assert_eq!((grid.study.trials, grid.finals.seeds, grid.finals.test), (40, 3, TestPolicy::Cells));
    assert_eq!((grid.scope, grid.seed, grid.backbones[1].parameters), (Scope::PerCell, 7, Some(335_000_000)));
    let [dapt] = grid.pretrainings().try_into().unwrap();
    assert_eq!(dapt.params["learning_rate"], Scalar::Float(2e-4));
    assert_eq!(grid.study.fixed["lora_r"], Scalar::Int(16));
}

#[test]
fn sources_are_kept_by_the_key_that_they_belong_to() {
    let sources = spec(GOOD).unwrap().sources;
    let kept: Vec<_> = sources.iter().map(|(key, source)| format!("{key}: {source}")).collect();
    assert_snapshot!(kept.join("\n"), @r"
    datasets[1]: C-04
    study.fixed.lora_r: paper section 3.5
    study.parameters.batch_size: PDF section 3.7
    study.parameters.learning_rate: PDF section 3.7
    study.trials: paper section 3.7
    ");
}

#[test]
fn problems_are_placed_in_the_file() {
    assert_snapshot!(refuse_with("  - ncbi-disease\n", "  - fsu\n"), @"g.yaml:4:5: datasets[1]: fsu is listed twice; remove one");
    assert_snapshot!(refuse_with("name: paper", "name: {value: paper, source: 3}"), @"g.yaml:1:22: name.source: is 3; give a text that says where the value comes from");
    assert_snapshot!(refuse_with("datasets:", "dataset:"), @r"
    g.yaml:1:1: datasets: is missing; list the names of registered datasets
    g.yaml:2:1: dataset: is not a key here; write datasets: [NAME, ...]
    ");
    assert_snapshot!(refuse_with("trials: {value: 40, source: paper section 3.7}", "trials: {valu: 40}"), @"g.yaml:17:11: study.trials: is a mapping; give a whole number");
    assert_snapshot!(refuse_with("learning_rate: {min: 1e-5", "learning_rat: {min: 1e-5"), @"g.yaml:13:5: study.parameters.learning_rat: the trainer has no parameter of this name; did you mean learning_rate?");
    assert_snapshot!(refuse_with("goal: maximize", "goal: up"), @r#"g.yaml:11:32: study.metric.goal: "up" is not a goal; write maximize (or minimize)"#);
    assert_snapshot!(refuse_with("fixed: {learning_rate: 1e-4}", "trials: 3"), @r"
    g.yaml:20:5: variants[1].fixed: gives no learning_rate, which the trainer has no default for; add it, since nothing is searched
    g.yaml:20:37: variants[1].trials: does not go with search: false, which is one training; leave it out
    ");
    assert_snapshot!(refuse_with("- searched", "- {name: r8, fixed: {batch_size: 8, max_length: 40}}"), @"g.yaml:19:23: variants[0].fixed.stride: stride 50 must be smaller than max_length - 2 = 38");
    assert_snapshot!(refuse_with("text: a.txt, ", ""), @"g.yaml:8:19: backbones[1].pretraining.text: is missing; name a file of one passage a line, or say why there is none: unavailable");
    assert_snapshot!(refuse_with("held_out: b.txt", "held_out: a.txt"), @"g.yaml:8:33: backbones[1].pretraining.held_out: is the text that is trained on; take it from other documents");
    assert_snapshot!(refuse_with("scope: per-cell", "scope: per_cell\nbudget: {hours: 3}\npriority: 200"), @r#"
    g.yaml:22:8: scope: there is no scope "per_cell"; did you mean per-cell?
    g.yaml:23:10: budget.hours: is not a key here; known: gpu_hours, kwh
    g.yaml:24:11: priority: 200 is out of bounds; give -100 to 100
    "#);
    assert_snapshot!(refuse_with("final: {seeds: 3, test: cells}", "final: {model: best_trial, seeds: 3, test: all}"), @r#"
    g.yaml:21:35: final.seeds: the best trial was trained with one seed; write model: retrain, or leave seeds out
    g.yaml:21:44: final.test: there is no test "all"; known: winners, cells
    "#);
    assert_snapshot!(refuse_with("study:", "trials: 3\nstudy:\n  seed: 3"), @r"
    g.yaml:9:1: trials: is not a key here; write it under study:, which every cell runs
    g.yaml:11:3: study.seed: is not a key here; write it at the top level, for the whole grid
    ");
    assert_snapshot!(refuse_with("- bert\n", "- 3\n"), @"g.yaml:6:5: backbones[0]: is 3; give a name, or a mapping with a name");
}

#[test]
fn what_the_caller_cannot_read_is_placed_too() {
    let file = GridFile::parse(GOOD, "g.yaml").unwrap();
    let missing = |file: &PretrainingFile| {
        let key = format!("{}.text", file.key);
        Err(GridProblem { key, message: format!("{} cannot be read", file.text) })
    };
    assert_snapshot!(file.spec(&GridFlags::default(), missing).unwrap_err(), @"g.yaml:8:20: backbones[1].pretraining.text: a.txt cannot be read");
}

#[test]
fn a_flag_wins() {
    let file = GridFile::parse(GOOD, "g.yaml").unwrap();
    let flags = GridFlags { name: Some("other".into()), seed: Some(8) };
    let grid = file.spec(&flags, read).unwrap();
    assert_eq!((grid.name.as_str(), grid.seed), ("other", 8));
    let unnamed = GridFile::parse(&GOOD.replace("name: paper\n", ""), "dir/my grid.yaml").unwrap();
    assert_eq!(unnamed.spec(&GridFlags::default(), read).unwrap().name, "my-grid");
}

#[test]
fn the_schema_names_the_keys_of_the_reader() {
    let schema = grid_schema();
    let keys = |schema: &serde_json::Value| -> Vec<String> {
        let keys = schema["properties"].as_object().unwrap().keys().cloned();
        keys.filter(|key| key != "source").collect()
    };
    let sorted = |known: &[&str]| {
        let mut known: Vec<_> = known.iter().map(|k| (*k).to_owned()).collect();
        known.sort_unstable();
        known
    };
    let (mut top, mut study) = (keys(&schema), keys(&schema["properties"]["study"]["anyOf"][0]));
    top.sort_unstable();
    study.sort_unstable();
    assert_eq!(top, sorted(top::KEYS.known));
    assert_eq!(study, sorted(top::STUDY.known));
    assert!(!schema.to_string().contains("\"null\""));
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "[a-z_:{}\\[\\], \n\\-0-9.\"&*#!|>%]{0,120}") {
        let _ = GridFile::parse(&text, "p.yaml");
    }

    #[test]
    fn no_change_of_a_good_file_makes_the_reader_panic(at in 0..GOOD.len(), gone in 0usize..20, put in "[a-z:{}\\[\\], 0-9]{0,6}") {
        let mut text = GOOD.to_owned();
        text.replace_range(at..(at + gone).min(GOOD.len()), &put);
        let _ = spec(&text);
    }
}

const OPENMED: &str = include_str!("../../../../search-spaces/openmed-grid.yaml");

#[test]
fn the_paper_in_one_file_has_its_counts() {
    let grid = spec(OPENMED).unwrap();
    let counts = grid.counts();
    assert_eq!((counts.cells, counts.holes, counts.trials, counts.finals), (33, 3, 1_320, 33));
    let mut whole = grid.clone();
    whole.datasets[11].unavailable = None;
    assert_eq!(whole.counts().trials, 1_440, "12 x 3 x 40");
    assert_eq!(grid.holes().len(), 4, "a dataset and three pretrainings");
}

#[test]
fn every_value_of_the_paper_names_its_source() {
    let mut root = super::super::node::parse(OPENMED).unwrap();
    let sources = sources::take(&mut root, &mut super::super::problem::Report::default());
    let mut without = Vec::new();
    leaves(&root, "", &mut without);
    let is_sourced = |leaf: &String| {
        let ours = ["name", "description", "reference"];
        ours.iter().any(|key| leaf.starts_with(key)) || sources.keys().any(|key| leaf.starts_with(key))
    };
    without.retain(|leaf| !is_sourced(leaf));
    assert!(without.is_empty(), "{without:?}");
    assert!(sources.len() > 60, "{}", sources.len());
}

fn leaves(node: &super::super::node::Node, path: &str, found: &mut Vec<String>) {
    use super::super::node::Value;
    match &node.value {
        Value::Table(entries) => {
            entries.iter().for_each(|(key, value)| leaves(value, &places::of_key(path, &key.name), found));
        }
        Value::List(items) => {
            items.iter().enumerate().for_each(|(i, item)| leaves(item, &places::of_item(path, i), found));
        }
        Value::Null | Value::Scalar(_) => found.push(path.to_owned()),
    }
}
