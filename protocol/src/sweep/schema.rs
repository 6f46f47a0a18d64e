//! The JSON Schema of search-space files, for editors. Must accept what the reader accepts; a test compares their keys.

use std::collections::BTreeMap;

use schemars::transform::{RecursiveTransform, Transform};
use schemars::{JsonSchema, Schema};
use serde_json::{Value, json};

use super::parameters::{self, Parameter, ParameterKind};
use crate::finals::{FinalData, FinalModel};
use crate::method::Method;
use crate::params::Scalar;

/// A search-space file of Pedigree.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "a mirror of the reader, only for schemars")]
struct SearchSpaceFile {
    /// Unique name of the study; FILE-DATASET-BACKBONE when absent.
    name: Option<String>,
    /// What the search is for, in words.
    description: Option<String>,
    /// Name of a registered dataset; may be given by --dataset.
    dataset: Option<String>,
    /// Name of a registered backbone; may be given by --backbone.
    backbone: Option<String>,
    /// How trials are proposed.
    #[schemars(extend("default" = "auto"))]
    method: Option<MethodEntry>,
    /// What is optimised.
    metric: Metric,
    /// What is searched, by the trainer's parameter names.
    parameters: BTreeMap<String, Dimension>,
    /// Parameters that do not vary.
    #[schemars(extend("default" = {}))]
    fixed: Option<BTreeMap<String, Scalar>>,
    /// Total number of trials, resumes included.
    #[schemars(range(min = 1))]
    trials: u32,
    /// Trials open at a time.
    #[schemars(range(min = 1), extend("default" = 1))]
    max_concurrent: Option<u32>,
    /// Among studies waiting for the same devices, the highest goes first.
    #[schemars(range(min = -100, max = 100), extend("default" = 0))]
    priority: Option<i32>,
    /// What a device must have, and how long an attempt may take.
    resources: Option<Resources>,
    /// When a trial ends before max_epochs.
    early_stop: Option<EarlyStop>,
    /// When a trial is ended because others did better: a name, or a name with settings.
    #[schemars(extend("default" = "none"))]
    pruner: Option<Pruner>,
    /// Whether finished studies over the same space, of the same dataset or backbone, help the first trials.
    #[schemars(extend("default" = "siblings"))]
    transfer: Option<Transfer>,
    /// What follows the search: the best configuration is trained again, and meets the test split.
    #[schemars(rename = "final")]
    finals: Option<Finals>,
    /// Further attempts of a run after failures whose cause allows one: a number, or a number for each budget.
    #[schemars(extend("default" = 2))]
    retries: Option<Retries>,
    /// Seed of suggestions and trainings.
    #[schemars(extend("default" = 42))]
    seed: Option<u32>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "a mirror of the reader, only for schemars")]
struct Resources {
    /// A part of the GPU's product name. Case does not matter.
    gpu_model: Option<String>,
    /// Memory of the GPU.
    #[schemars(range(min = 1))]
    min_memory_gib: Option<u32>,
    /// How long one attempt may take, such as 2h or 90m.
    walltime: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "a mirror of the reader, only for schemars")]
enum Retries {
    /// Further attempts of each run.
    Run(u32),
    /// A number for each budget.
    Budgets(RetryBudgets),
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "a mirror of the reader, only for schemars")]
struct RetryBudgets {
    /// Further attempts of a run after failures whose cause allows one.
    #[schemars(extend("default" = 2))]
    run: Option<u32>,
    /// Further attempts of a run after its worker was lost.
    #[schemars(extend("default" = 20))]
    lost: Option<u32>,
    /// Further attempts after failures in all runs together. The default is the number of trials, at least 10.
    study: Option<u32>,
}

#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "a mirror of the reader, only for schemars")]
enum MethodEntry {
    /// The method's name.
    Name(Method),
    /// The method with its settings.
    Settings(MethodSettings),
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "a mirror of the reader, only for schemars")]
struct MethodSettings {
    /// The method's name.
    preset: Method,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "a mirror of the reader, only for schemars")]
struct Metric {
    /// The metric: micro-averaged entity F1 on dev of the best epoch.
    name: MetricName,
    /// Whether higher or lower is better; there is no default.
    goal: Goal,
    /// Which entities count.
    #[schemars(extend("default" = "strict"))]
    protocol: Option<Protocol>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
#[expect(dead_code, reason = "a mirror of the reader, only for schemars")]
enum MetricName {
    DevF1,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
#[expect(dead_code, reason = "a mirror of the reader, only for schemars")]
enum Goal {
    Maximize,
    Minimize,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
#[expect(dead_code, reason = "a mirror of the reader, only for schemars")]
enum Protocol {
    /// An entity opens with B-.
    Strict,
    /// Orphan I- open entities.
    Conlleval,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "a mirror of the reader, only for schemars")]
struct Finals {
    /// Which model stands for the study.
    #[schemars(extend("default" = "retrain"))]
    model: Option<FinalModel>,
    /// Trainings of the best configuration, each with a seed of its own.
    #[schemars(range(min = 1, max = 50), extend("default" = 1))]
    seeds: Option<u32>,
    /// What they are trained on.
    #[schemars(extend("default" = "train"))]
    data: Option<FinalData>,
    /// How far the finals' mean dev F1 may lie below the best trial's before this is said.
    #[schemars(range(min = 0, max = 1))]
    margin: Option<f64>,
}

/// A range (min and max) or a list (values).
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "a mirror of the reader, only for schemars")]
struct Dimension {
    /// Smallest value, inclusive.
    min: Option<f64>,
    /// Largest value, inclusive.
    max: Option<f64>,
    /// Search the logarithm. Bounds stay values, not exponents.
    log: Option<bool>,
    /// Only min + k * step.
    #[schemars(range(min = 0))]
    step: Option<f64>,
    /// Whole numbers only.
    int: Option<bool>,
    /// The values, instead of a range.
    #[schemars(length(min = 1))]
    values: Option<Vec<Scalar>>,
    /// The order of the values means something.
    ordinal: Option<bool>,
    /// Active only where each named earlier parameter has one of the listed values.
    when: Option<BTreeMap<String, Vec<Scalar>>>,
    /// Where good values are expected before any trial. The method `tpe` uses it.
    prior: Option<Prior>,
}

/// Values with an order: mu and sigma. Values without: weights.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "a mirror of the reader, only for schemars")]
struct Prior {
    /// The most likely value.
    mu: Option<Scalar>,
    /// Its standard deviation, as a share of the range (of its logarithm under log).
    #[schemars(range(min = 0))]
    sigma: Option<f64>,
    /// The relative weight of each value, in the order of the values.
    #[schemars(length(min = 1))]
    weights: Option<Vec<f64>>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "a mirror of the reader, only for schemars")]
struct EarlyStop {
    /// Epochs without a better dev score after which a trial completes with its best epoch.
    #[schemars(range(min = 1))]
    patience: u32,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
#[expect(dead_code, reason = "a mirror of the reader, only for schemars")]
enum Transfer {
    /// The study starts from nothing.
    Off,
    /// Their best configurations come first, then draws near their good ones, as far as the studies agree.
    Siblings,
}

#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "a mirror of the reader, only for schemars")]
enum Pruner {
    /// The pruner's name.
    Name(PrunerName),
    /// The pruner with its settings.
    Settings(Box<PrunerSettings>),
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
#[expect(dead_code, reason = "a mirror of the reader, only for schemars")]
enum PrunerName {
    /// No trial is pruned.
    None,
    /// Worse than the median of the others.
    Median,
    /// Not among the best share of the others.
    Percentile,
    /// Asynchronous successive halving.
    Asha,
    /// Several halvings side by side.
    Hyperband,
    /// Significantly worse than the best trial, epoch by epoch.
    Wilcoxon,
    /// Out of bounds, or no number.
    Threshold,
    /// Another pruner, once a trial has not improved for some epochs.
    Patient,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "a mirror of the reader, only for schemars")]
struct PrunerSettings {
    /// The pruner's name; the other keys are those of its kind.
    name: PrunerName,
    /// Median, percentile: completed trials before anything is pruned (5).
    startup_trials: Option<u32>,
    /// Median, percentile, threshold: first epochs of each trial that are ignored (0).
    warmup_steps: Option<u32>,
    /// Median, percentile: epochs between decisions (1).
    #[schemars(range(min = 1))]
    interval: Option<u32>,
    /// Percentile: the share that goes on, percent (25).
    #[schemars(range(min = 0, max = 100))]
    keep: Option<f64>,
    /// Asha, hyperband: epochs before the first rung.
    #[schemars(range(min = 1))]
    min_epochs: Option<u32>,
    /// Hyperband: epochs of a whole trial.
    #[schemars(range(min = 1))]
    max_epochs: Option<u32>,
    /// Asha (4), hyperband (3): one trial in this many goes on.
    #[schemars(range(min = 2))]
    reduction: Option<u32>,
    /// Wilcoxon: largest p-value that prunes (0.1).
    #[schemars(range(min = 0, max = 1))]
    p: Option<f64>,
    /// Wilcoxon: epochs in common before the first decision (2).
    #[schemars(range(min = 1))]
    startup_steps: Option<u32>,
    /// Threshold: smallest value.
    lower: Option<f64>,
    /// Threshold: largest value.
    upper: Option<f64>,
    /// Patient: epochs without improvement (2).
    patience: Option<u32>,
    /// Patient: what counts as an improvement (0).
    #[schemars(range(min = 0))]
    min_delta: Option<f64>,
    /// Patient: the pruner that decides then (none: the trial is pruned).
    pruner: Option<Pruner>,
}

/// The JSON Schema (draft 2020-12) of search-space files.
pub fn schema() -> Value {
    let mut schema = schemars::schema_for!(SearchSpaceFile);
    RecursiveTransform(without_null).transform(&mut schema);
    let mut schema = schema.to_value();
    let searched = parameters::ALL.iter().filter(|p| p.searchable);
    let searched: serde_json::Map<_, _> = searched
        .map(|p| (p.name.to_owned(), json!({"$ref": "#/$defs/Dimension", "description": describe(p)})))
        .collect();
    let fixed = parameters::ALL.iter().filter(|p| p.name != "patience");
    let fixed: serde_json::Map<_, _> = fixed.map(|p| (p.name.to_owned(), fixed_schema(p))).collect();
    schema["properties"]["parameters"] = json!({
        "description": "What is searched, by the trainer's parameter names.",
        "type": "object", "minProperties": 1, "additionalProperties": false, "properties": searched,
    });
    schema["properties"]["fixed"] = json!({
        "description": "Parameters that do not vary.",
        "type": "object", "additionalProperties": false, "properties": fixed,
    });
    schema
}

/// A key that is present needs a value: absent and empty differ.
pub(super) fn without_null(schema: &mut Schema) {
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|kind| kind != "null");
    }
    if let Some(Value::Array(choices)) = schema.get_mut("anyOf") {
        choices.retain(|choice| choice["type"] != "null");
    }
}

fn describe(parameter: &Parameter) -> String {
    let default = parameter.default.map_or(String::new(), |d| format!(" (default {d})"));
    format!("{}; {}{default}", parameter.about, parameter.kind.describe())
}

fn fixed_schema(parameter: &Parameter) -> Value {
    let mut schema = match parameter.kind {
        ParameterKind::Positive => json!({"type": "number", "exclusiveMinimum": 0}),
        ParameterKind::NonNegative => json!({"type": "number", "minimum": 0}),
        ParameterKind::Share => json!({"type": "number", "minimum": 0, "exclusiveMaximum": 1}),
        ParameterKind::Count(least) => json!({"type": "integer", "minimum": least}),
        ParameterKind::Choice(words) => json!({"enum": words}),
    };
    schema["description"] = describe(parameter).into();
    schema
}
