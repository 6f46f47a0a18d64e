//! The sentences that wrong files get, and that right files keep their meaning.

use insta::assert_snapshot;
use proptest::prelude::*;

use super::{GridFile, GridFlags, Overrides, SweepFile, schema};
use crate::domain::Domain;
use crate::method::Method;
use crate::params::Scalar;
use crate::prior::Prior;
use crate::pruner::{Pruner, Watch};
use crate::resources::Resources;

pub(super) const GOOD: &str = "\
name: try
dataset: ncbi-disease
backbone: minilm
method: {preset: tpe}
metric: {name: dev_f1, goal: maximize}
parameters:
  learning_rate: {min: 1e-5, max: 1.0e-3, log: true}
  batch_size: {values: [8, 16, 32], ordinal: true}
  lora_targets: {values: [qv, qkvo]}
  lora_alpha: {min: 8, max: 64, int: true, when: {lora_targets: [qv]}}
fixed: {max_epochs: 3, lora_dropout: \"5e-2\"}
trials: 6
early_stop: {patience: 2}
";

pub(super) fn refuse(text: &str) -> String {
    SweepFile::parse(text, "s.yaml").unwrap_err().to_string()
}

/// The problems of the good file with one piece replaced.
pub(super) fn refuse_with(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from:?} is not in the good file");
    refuse(&GOOD.replacen(from, to, 1))
}

#[test]
fn a_good_file_becomes_a_study() {
    let file = SweepFile::parse(GOOD, "s.yaml").unwrap();
    let spec = file.spec(&Overrides::default()).unwrap();
    assert_eq!((spec.trials, spec.max_concurrent, spec.retries, spec.seed), (6, 1, 2, 42));
    assert_eq!(spec.fixed["patience"], Scalar::Int(2));
    assert_eq!(spec.fixed["lora_dropout"], Scalar::Float(0.05));
    let rate = &spec.parameters.dimension("learning_rate").unwrap().domain;
    assert_eq!(rate, &Domain::Float { min: 1e-5, max: 1e-3, log: true, step: None });
    let order: Vec<_> = spec.parameters.dimensions().iter().map(|d| d.name.as_str()).collect();
    assert_eq!(order, ["learning_rate", "batch_size", "lora_targets", "lora_alpha"]);
}

#[test]
fn retries_are_a_number_or_a_number_for_each_budget() {
    let budgets = |line: &str| {
        let file = SweepFile::parse(&format!("{GOOD}{line}\n"), "s.yaml").unwrap();
        let spec = file.spec(&Overrides::default()).unwrap();
        (spec.retries, spec.lost_retries, spec.study_retries())
    };
    assert_eq!(budgets(""), (2, 20, 10));
    assert_eq!(budgets("retries: 5"), (5, 20, 10));
    assert_eq!(budgets("retries: {run: 1, lost: 3, study: 0}"), (1, 3, 0));
    let refused = |line: &str| refuse(&format!("{GOOD}{line}\n"));
    assert_snapshot!(refused("retries: {runs: 1}"), @"s.yaml:14:11: retries.runs: is not a key here; did you mean run?");
    assert_snapshot!(refused("retries: many"), @r#"s.yaml:14:10: retries: is the text "many"; give a whole number"#);
    assert_snapshot!(refused("retries: {lost: -1}"), @"s.yaml:14:17: retries.lost: -1 is out of bounds; give 0 to 1000");
}

#[test]
fn resources_and_priority_are_read_and_checked() {
    let parse = |lines: &str| SweepFile::parse(&format!("{GOOD}{lines}\n"), "s.yaml").unwrap();
    let asked = "priority: -5\nresources: {gpu_model: A100, min_memory_gib: 40, walltime: 1h30m}";
    let spec = parse(asked).spec(&Overrides::default()).unwrap();
    let expected =
        Resources { gpu_model: Some("A100".into()), min_memory_gib: Some(40), walltime_s: Some(5_400) };
    assert_eq!((spec.priority, spec.resources), (-5, expected));
    let plain = parse("").spec(&Overrides::default()).unwrap();
    assert_eq!((plain.priority, plain.resources.is_empty()), (0, true));
    let refused = |line: &str| refuse(&format!("{GOOD}{line}\n"));
    assert_snapshot!(refused("priority: 101"), @"s.yaml:14:11: priority: 101 is out of bounds; give -100 to 100");
    assert_snapshot!(refused("resources: {walltime: 90}"), @"s.yaml:14:23: resources.walltime: is 90; give a text");
    assert_snapshot!(refused("resources: {walltime: soon}"), @r#"s.yaml:14:23: resources.walltime: "soon" is not a length of time; write it as 2h, 90m, 1h30m or 1d (d, h, m, s)"#);
    assert_snapshot!(refused("resources: {gpus: 2}"), @"s.yaml:14:13: resources.gpus: is not a key here; leave it out: a trial trains on one device");
    assert_snapshot!(refused("resources: {min_memory_gib: 0}"), @"s.yaml:14:29: resources.min_memory_gib: 0 is out of bounds; give 1 to 100000");
}

#[test]
fn a_file_without_a_method_means_auto() {
    let method =
        |text: &str| SweepFile::parse(text, "s.yaml").unwrap().spec(&Overrides::default()).unwrap().method;
    assert_eq!(method(GOOD), Method::Tpe);
    assert_eq!(method(&GOOD.replace("method: {preset: tpe}\n", "")), Method::Auto);
}

#[test]
fn json_is_read_too() {
    let json = r#"{"name": "j", "dataset": "d", "backbone": "b", "method": "tpe", "trials": 1,
        "metric": {"name": "dev_f1", "goal": "maximize"}, "parameters": {"learning_rate": {"values": [1e-3]}}}"#;
    assert!(SweepFile::parse(json, "s.json").is_ok());
}

#[test]
fn every_problem_is_reported_with_its_place() {
    let text = "\
metod: tpe
metric: {name: f1, goal: up}
parameters:
  learning_rat: {min: 1, max: 2}
  batch_size: {min: 32, max: 8, int: true}
  lora_r: {values: [8, many]}
fixed: {batch_size: 3, clip: 0}
trials: none
";
    assert_snapshot!(refuse(text), @r#"
    s.yaml:1:1: metod: is not a key here; did you mean method?
    s.yaml:2:16: metric.name: trials report no objective "f1"; the metric of trials is dev_f1
    s.yaml:2:26: metric.goal: "up" is not a goal; write maximize (or minimize)
    s.yaml:4:3: parameters.learning_rat: the trainer has no parameter of this name; did you mean learning_rate?
    s.yaml:5:21: parameters.batch_size.min: min 32 is larger than max 8; swap them
    s.yaml:6:24: parameters.lora_r.values: many is not a whole number of at least 1
    s.yaml:7:30: fixed.clip: 0 is not a number above 0
    s.yaml:8:9: trials: is the text "none"; give a whole number
    "#);
}

#[test]
fn an_empty_file_and_broken_yaml_say_so() {
    assert_snapshot!(refuse(""), @"s.yaml:1:1: is nothing; give a mapping with the keys name, description, dataset, backbone, method, metric, parameters, fixed, trials, max_concurrent, priority, resources, early_stop, pruner, transfer, final, retries, seed");
    assert_snapshot!(refuse("name: [1, 2\ntrials: 3\n"), @"s.yaml:2:7: this is not YAML: illegal placement of ':' indicator");
}

#[test]
fn keys_of_other_tools_are_answered_with_ours() {
    assert_snapshot!(refuse_with("trials: 6", "num_samples: 6"), @r#"
    s.yaml:1:1: trials: is missing; give the total number of trials, resumes included
    s.yaml:12:1: num_samples: is not a key here; write trials: N, the total number of trials
    "#);
    assert_snapshot!(refuse_with("{min: 1e-5, max: 1.0e-3, log: true}", "{distribution: log_uniform_values, lower: 1, upper: 2}"), @r#"
    s.yaml:7:18: parameters.learning_rate.min: is missing; a range has min and max, a list has values
    s.yaml:7:18: parameters.learning_rate.max: is missing; a range has min and max, a list has values
    s.yaml:7:19: parameters.learning_rate.distribution: is not a key here; leave it out; say it by keys: {min, max}, log: true, int: true, step, or values: [...]
    s.yaml:7:53: parameters.learning_rate.lower: is not a key here; write min
    s.yaml:7:63: parameters.learning_rate.upper: is not a key here; write max; the bound is inclusive
    "#);
    assert_snapshot!(refuse_with("goal: maximize", "mode: max"), @r#"
    s.yaml:5:9: metric.goal: is missing; write goal: maximize; there is no default
    s.yaml:5:24: metric.mode: is not a key here; write goal: maximize
    "#);
    assert_snapshot!(refuse_with("preset: tpe", "preset: hyperband"), @r#"s.yaml:4:18: method.preset: there is no method "hyperband"; known: auto, tpe, gp, optuna-5, optuna-4, watanabe, random, grid, sobol"#);
    assert_snapshot!(refuse_with("preset: tpe", "preset: optuna5"), @r#"s.yaml:4:18: method.preset: there is no method "optuna5"; did you mean optuna-5?"#);
    let bayes = SweepFile::parse(&GOOD.replace("{preset: tpe}", "bayes"), "s.yaml").unwrap();
    assert_snapshot!(bayes.notes().collect::<String>(), @"s.yaml:4:9: method: bayes is read as auto");
}

#[test]
fn priors_are_read_and_checked() {
    let with = |range: &str| GOOD.replacen("{min: 1e-5, max: 1.0e-3, log: true}", range, 1);
    let range = |prior: &str| with(&format!("{{min: 1e-5, max: 1.0e-3, log: true, prior: {prior}}}"));
    let file = SweepFile::parse(&range("{mu: 3e-4, sigma: 0.15}"), "s.yaml").unwrap();
    let space = file.spec(&Overrides::default()).unwrap().parameters;
    let stated = Some(Prior::Normal { mu: Scalar::Float(3e-4), sigma: 0.15 });
    assert_eq!(space.dimension("learning_rate").unwrap().prior, stated);
    let travelled: crate::Space = serde_json::from_str(&serde_json::to_string(&space).unwrap()).unwrap();
    assert_eq!(travelled, space);
    for (prior, sentence) in [
        (
            "{mu: 0.1, sigma: 0.15}",
            "parameters.learning_rate.prior: mu 0.1 lies outside the parameter's values",
        ),
        ("{mu: 3e-4, sigma: 0}", "prior: sigma 0 must be above 0; it is a share of the range, such as 0.2"),
        ("{mu: 3e-4}", "prior.sigma: is missing; give the deviation as a share of the range, such as 0.2"),
        ("{weights: [1, 2]}", "prior.weights: is not a key here; known: mu, sigma"),
        ("3e-4", "prior: is 3e-4; give a mapping with the keys mu, sigma"),
    ] {
        let refused = refuse(&range(prior));
        assert!(refused.contains(sentence), "{prior}: {refused}");
    }
    let choice = |prior: &str| GOOD.replacen("[qv, qkvo]}", &format!("[qv, qkvo], prior: {prior}}}"), 1);
    assert!(SweepFile::parse(&choice("{weights: [3, 1]}"), "s.yaml").is_ok());
    for (prior, sentence) in [
        ("{weights: [3]}", "weights has 1 numbers for 2 values; give one for each"),
        ("{weights: [3, 0]}", "weights has 0; every weight must be above 0"),
        ("{weights: 3}", "prior.weights: is 3; give a list of numbers such as [3, 1]"),
        ("{mu: qv}", "prior.mu: is not a key here; known: weights"),
    ] {
        let refused = refuse(&choice(prior));
        assert!(refused.contains(sentence), "{prior}: {refused}");
    }
}

#[test]
fn ranges_are_checked() {
    assert_snapshot!(refuse_with("min: 1e-5, max: 1.0e-3", "min: -5, max: -3"), @"s.yaml:7:24: parameters.learning_rate.min: -5 looks like an exponent; bounds are the values themselves: for 10^-5 .. 10^-3 write min: 1e-5, max: 1e-3");
    assert_snapshot!(refuse_with("min: 1e-5, max: 1.0e-3", "min: 1e-3, max: 1e-5"), @"s.yaml:7:24: parameters.learning_rate.min: min 0.001 is larger than max 0.00001; swap them");
    assert_snapshot!(refuse_with("min: 1e-5, max: 1.0e-3", "min: 1e-5"), @"s.yaml:7:18: parameters.learning_rate.max: is missing; a range has min and max, a list has values");
    assert_snapshot!(refuse_with("min: 1e-5, max: 1.0e-3", "min: .nan, max: 1e-5"), @"s.yaml:7:24: parameters.learning_rate.min: is NaN; give a number");
    assert_snapshot!(refuse_with("{values: [8, 16, 32], ordinal: true}", "{min: 8, max: 32}"), @"s.yaml:8:15: parameters.batch_size.int: is missing; this parameter is whole: add int: true");
    assert_snapshot!(refuse_with("[8, 16, 32]", "[8, 32, 16]"), @"s.yaml:8:24: parameters.batch_size.values: are ordinal but neither rise nor fall; sort them");
    assert_snapshot!(refuse_with("[8, 16, 32]", "[8, 8]"), @"s.yaml:8:24: parameters.batch_size.values: 8 is listed twice");
    assert_snapshot!(refuse_with("{values: [8, 16, 32], ordinal: true}", "32"), @"s.yaml:8:15: parameters.batch_size: is 32; give {values: [8, 16]} or {min: 8, max: 16, int: true}, or move it under fixed:");
}

#[test]
fn conditions_are_checked() {
    assert_snapshot!(refuse_with("when: {lora_targets: [qv]}", "when: {lora_target: [qv]}"), @"s.yaml:10:51: parameters.lora_alpha.when.lora_target: the trainer has no parameter of this name; did you mean lora_targets?");
    assert_snapshot!(refuse_with("when: {lora_targets: [qv]}", "when: {lora_targets: [all-linear]}"), @"s.yaml:10:50: parameters.lora_alpha.when: lora_targets can never be all-linear");
    assert_snapshot!(refuse_with("when: {lora_targets: [qv]}", "when: {lora_targets: qv}"), @r#"s.yaml:10:65: parameters.lora_alpha.when.lora_targets: is the text "qv"; give a list such as [a, b]"#);
    assert_snapshot!(refuse_with("when: {lora_targets: [qv]}", "when: {lora_dropout: [0.1]}"), @"s.yaml:10:50: parameters.lora_alpha.when: lora_dropout is no earlier parameter; name one that stands above it");
}

#[test]
fn misplaced_and_doubled_keys_are_named() {
    assert_snapshot!(refuse_with("max_epochs: 3", "patience: 3, seed: 1, max_epoch: 3"), @r#"
    s.yaml:11:9: fixed.patience: does not belong here; write early_stop: {patience: N} at the top level
    s.yaml:11:22: fixed.seed: does not belong here; write seed: N at the top level
    s.yaml:11:31: fixed.max_epoch: the trainer has no parameter of this name; did you mean max_epochs?
    "#);
    assert_snapshot!(refuse_with("max_epochs: 3", "learning_rate: 3"), @"s.yaml:11:9: fixed.learning_rate: is searched under parameters too; remove one of the two");
    assert_snapshot!(refuse_with("max_epochs: 3", "max_length: 32"), @"s.yaml:11:8: fixed.stride: stride 50 must be smaller than max_length - 2 = 30");
    assert_snapshot!(refuse_with("trials: 6", "trials: 6\ntrials: 7"), @"s.yaml:13:1: trials: is given twice; remove one");
    assert_snapshot!(refuse_with("learning_rate", "head_learning_rate"), @"s.yaml:7:3: parameters.learning_rate: is neither searched nor fixed; the trainer has no default for it");
    assert_snapshot!(refuse_with("batch_size:", "max_length:"), @"s.yaml:8:3: parameters.max_length: cannot be searched; move it under fixed:");
}

#[test]
fn a_name_must_fit_into_a_path() {
    assert_snapshot!(refuse_with("name: try", "name: try / 2"), @r#"s.yaml:1:7: name: "try / 2" cannot name a study; use 1 to 100 letters, digits, '.', '_' and '-', and not only dots"#);
}

#[test]
fn what_the_file_leaves_open_must_be_given_by_flag() {
    let open = GOOD.replace("dataset: ncbi-disease\nbackbone: minilm\n", "").replace("name: try\n", "");
    let file = SweepFile::parse(&open, "dir/quick one.yaml").unwrap();
    assert_snapshot!(file.spec(&Overrides::default()).unwrap_err(), @r#"
    dir/quick one.yaml:1:1: dataset: is missing; write dataset: NAME or give --dataset NAME
    dir/quick one.yaml:1:1: backbone: is missing; write backbone: NAME or give --backbone NAME
    "#);
    let flags = Overrides {
        dataset: Some("d".into()),
        backbone: Some("b".into()),
        trials: Some(2),
        ..Overrides::default()
    };
    let spec = file.spec(&flags).unwrap();
    assert_eq!((spec.name.as_str(), spec.trials), ("quick-one-d-b", 2));
    assert_snapshot!(file.dataset_problem(&flags, "no dataset \"d\" is registered".into()), @r#"--dataset: no dataset "d" is registered"#);
}

#[test]
fn a_name_unknown_to_the_server_is_placed_in_the_file() {
    let file = SweepFile::parse(GOOD, "s.yaml").unwrap();
    let problem =
        file.dataset_problem(&Overrides::default(), "no dataset \"ncbi-disease\" is registered".into());
    assert_snapshot!(problem, @r#"s.yaml:2:10: dataset: no dataset "ncbi-disease" is registered"#);
}

#[test]
fn parameters_of_branches_are_remarked_where_no_layer_may_have_a_branch() {
    let notes = |text: &str| SweepFile::parse(text, "s.yaml").unwrap().notes().collect::<Vec<_>>().join("\n");
    let either = GOOD.replace("[qv, qkvo]", "[qv, none, qkvo]");
    assert_eq!(notes(&either), "", "lora_alpha is searched only with qv");
    let always = either.replace(", when: {lora_targets: [qv]}", "");
    assert_snapshot!(notes(&always), @"s.yaml:10:3: parameters.lora_alpha: has no effect where lora_targets is none; write when: {lora_targets: [qv, qkvo]}");
    let below = always.replace("fixed:", "  lora_r: {values: [4, 8], when: {lora_alpha: [8]}}\nfixed:");
    assert_eq!(notes(&below).lines().count(), 2);
    let guarded = either.replace("fixed:", "  lora_r: {values: [4, 8], when: {lora_alpha: [8]}}\nfixed:");
    assert_eq!(notes(&guarded), "", "what depends on lora_alpha depends on qv too");
    let never = GOOD
        .replace("  lora_targets: {values: [qv, qkvo]}\n", "")
        .replace(", when: {lora_targets: [qv]}", "")
        .replace("fixed: {", "fixed: {lora_targets: none, ");
    assert_snapshot!(notes(&never), @"s.yaml:9:3: parameters.lora_alpha: has no effect: lora_targets is none, so only the head is trained; search something else");
    assert_eq!(notes(&never.replace("lora_targets: none", "lora_targets: qv")), "");
}

#[test]
fn a_step_that_misses_the_top_is_remarked() {
    let text = GOOD.replace("{min: 8, max: 64, int: true,", "{min: 8, max: 64, step: 10, int: true,");
    assert_snapshot!(SweepFile::parse(&text, "s.yaml").unwrap().notes().collect::<String>(), @"s.yaml:10:39: parameters.lora_alpha.step: does not divide the range; the largest value tried is 58");
}

#[test]
fn the_shipped_files_are_right() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../search-spaces");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<_> = files.filter(|path| path.extension().is_some_and(|e| e == "yaml")).collect();
    let (grids, spaces): (Vec<_>, Vec<_>) = files
        .iter()
        .map(|path| (path.display().to_string(), std::fs::read_to_string(path).unwrap()))
        .partition(|(_, text)| text.contains("\ndatasets:"));
    assert!(spaces.len() >= 2 && grids.len() >= 2);
    let flags = Overrides { dataset: Some("d".into()), backbone: Some("b".into()), ..Overrides::default() };
    for (name, text) in spaces {
        let file = SweepFile::parse(&text, &name).unwrap();
        assert!(file.notes().next().is_none() && file.description().is_some(), "{name}");
        file.spec(&flags).unwrap();
    }
    for (name, text) in grids {
        let file = GridFile::parse(&text, &name).unwrap();
        let grid = file.spec(&GridFlags::default(), |_| unreachable!("shipped grids hold no text")).unwrap();
        assert!(file.notes().next().is_none() && grid.description.is_some(), "{name}");
    }
}

#[test]
fn the_schema_names_the_keys_of_the_reader() {
    let schema = schema();
    let keys: Vec<_> = schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
    let mut known = super::top::KEYS.known.to_vec();
    known.sort_unstable();
    let mut keys = keys;
    keys.sort_unstable();
    assert_eq!(keys, known);
    let required: Vec<_> = schema["required"].as_array().unwrap().iter().filter_map(|k| k.as_str()).collect();
    assert_eq!(required, ["metric", "parameters", "trials"]);
    let parameters = schema["properties"]["parameters"]["properties"].as_object().unwrap();
    assert!(parameters.contains_key("lora_targets") && !parameters.contains_key("max_length"));
    assert!(!schema.to_string().contains("\"null\""));
}

prop_compose! {
    fn range()(a in 1e-6..1.0f64, b in 1e-6..1.0f64, log: bool) -> (f64, f64, bool) {
        (a.min(b), a.max(b), log)
    }
}

proptest! {
    #[test]
    fn a_written_space_is_read_back(
        rate in range(),
        sizes in proptest::collection::btree_set(1i64..512, 1..6),
        ordinal: bool,
        (trials, seed, patience) in (1u32..1000, any::<u32>(), 1u32..20),
    ) {
        let (min, max, log) = rate;
        let sizes: Vec<_> = sizes.into_iter().collect();
        let text = format!(
            "dataset: d\nbackbone: b\nmethod: random\nmetric: {{name: dev_f1, goal: maximize}}\nparameters:\n  \
             learning_rate: {{min: {min:e}, max: {max}, log: {log}}}\n  \
             batch_size: {{values: {sizes:?}, ordinal: {ordinal}}}\n\
             trials: {trials}\nseed: {seed}\nearly_stop: {{patience: {patience}}}\n"
        );
        let spec = SweepFile::parse(&text, "p.yaml").unwrap().spec(&Overrides::default()).unwrap();
        let values: Vec<_> = sizes.iter().map(|s| Scalar::Int(*s)).collect();
        let sizes = if ordinal { Domain::Ordinal { values } } else { Domain::Categorical { values } };
        prop_assert_eq!(&spec.parameters.dimensions()[0].domain, &Domain::Float { min, max, log, step: None });
        prop_assert_eq!(&spec.parameters.dimensions()[1].domain, &sizes);
        prop_assert_eq!((spec.trials, spec.seed), (trials, seed));
        prop_assert_eq!(&spec.fixed["patience"], &Scalar::Int(patience.into()));
        let wire = serde_json::to_string(&spec).unwrap();
        prop_assert_eq!(serde_json::from_str::<crate::study::StudySpec>(&wire).unwrap(), spec);
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "[a-z_:{}\\[\\], \n\\-0-9.\"&*#!|>%]{0,120}") {
        let _ = SweepFile::parse(&text, "p.yaml");
    }
}

fn pruner_of(text: &str) -> Pruner {
    let text = GOOD.replace("trials: 6", &format!("trials: 6\npruner: {text}"));
    SweepFile::parse(&text, "s.yaml").unwrap().spec(&Overrides::default()).unwrap().pruner
}

#[test]
fn pruners_are_read_by_name_or_with_settings() {
    let watch = Watch::default();
    assert_eq!(pruner_of("none"), Pruner::None);
    assert_eq!(pruner_of("median"), Pruner::Median { watch });
    assert_eq!(
        pruner_of("{name: percentile, keep: 30, warmup_steps: 2}"),
        Pruner::Percentile { keep: 30.0, watch: Watch { warmup_steps: 2, ..watch } }
    );
    assert_eq!(pruner_of("asha"), Pruner::Asha { min_epochs: None, reduction: 4 });
    assert_eq!(
        pruner_of("{name: patient, patience: 3, pruner: {name: hyperband, max_epochs: 20}}"),
        Pruner::Patient {
            patience: 3,
            min_delta: 0.0,
            pruner: Box::new(Pruner::Hyperband { min_epochs: 1, max_epochs: Some(20), reduction: 3 }),
        }
    );
    for name in Pruner::NAMES {
        assert_eq!(pruner_of(name).as_str(), name);
    }
}

#[test]
fn wrong_pruners_are_answered() {
    let refuse = |text: &str| refuse_with("trials: 6", &format!("trials: 6\npruner: {text}"));
    assert_snapshot!(refuse("medain"), @r#"s.yaml:13:9: pruner: there is no pruner "medain"; did you mean median?"#);
    assert_snapshot!(refuse("{keep: 3}"), @"s.yaml:13:9: pruner: has no name; write pruner: median or pruner: {name: median}; known: none, median, percentile, asha, hyperband, wilcoxon, threshold, patient");
    assert_snapshot!(refuse("{name: asha, eta: 3}"), @"s.yaml:13:22: pruner.eta: is not a key here; write reduction");
    assert_snapshot!(refuse("{name: asha, keep: 3}"), @"s.yaml:13:22: pruner.keep: is not a key here; known: name, min_epochs, reduction");
    assert_snapshot!(refuse("{name: asha, reduction: 1}"), @"s.yaml:13:33: pruner.reduction: 1 is below 2");
    assert_snapshot!(refuse("{name: threshold, lower: 0.9, upper: 0.1}"), @"s.yaml:13:34: pruner.lower: 0.9 is above upper (0.1); swap them");
    assert_snapshot!(refuse("{name: patient, pruner: {name: percentile, keep: 0}}"), @"s.yaml:13:58: pruner.pruner.keep: 0 is not a share; give a number above 0 and below 100");
}

#[test]
fn a_grid_that_nobody_can_count_is_refused_at_its_key() {
    let refuse = |range: &str| refuse_with("{min: 1e-5, max: 1.0e-3, log: true}", range);
    assert_snapshot!(refuse("{min: 0.0001, max: 1.0, step: 1e-300}"), @"s.yaml:7:48: parameters.learning_rate.step: step 1e-300 divides 0.0001 .. 1 into more than 1e9 values; give at least 9.999e-10, or leave step out");
    assert_snapshot!(refuse("{min: 0.5, max: 1.5, step: 1e-20}"), @"s.yaml:7:45: parameters.learning_rate.step: step 1e-20 divides 0.5 .. 1.5 into more than 1e9 values; give at least 1e-9, or leave step out");
    assert_snapshot!(refuse("{min: 1e12, max: 1000000000001.0, step: 1e-5}"), @"s.yaml:7:58: parameters.learning_rate.step: step 1e-5 is too small beside 1000000000000 .. 1000000000001 to change them; give a larger one, or leave step out");
    let refuse =
        |range: &str| refuse_with("{min: 8, max: 64, int: true, ", &format!("{{{range}, int: true, "));
    assert_snapshot!(refuse("min: 1, max: 9223372036854775807"), @"s.yaml:10:29: parameters.lora_alpha.max: 1 .. 9223372036854775807 reaches beyond 9007199254740992; give a smaller range");
    assert_snapshot!(refuse("min: 1, max: 9223372036854775807, log: true"), @"s.yaml:10:29: parameters.lora_alpha.max: 1 .. 9223372036854775807 reaches beyond 9007199254740992; give a smaller range");
    let fine = GOOD.replacen("{min: 1e-5, max: 1.0e-3, log: true}", "{min: 0.5, max: 1.5, step: 1e-6}", 1);
    SweepFile::parse(&fine, "s.yaml").unwrap();
}
