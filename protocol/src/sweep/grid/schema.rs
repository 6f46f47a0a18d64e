//! The JSON Schema of grid files, for editors. Must accept what the reader accepts; a test compares their keys.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use schemars::transform::{RecursiveTransform, Transform};
use serde_json::{Map, Value, json};

use super::super::schema::{schema as search_space_schema, without_null};
use super::top;
use crate::finals::{FinalData, FinalModel};
use crate::grid::{Scope, SelectionRule, TestPolicy};
use crate::params::Scalar;

/// A grid file of Pedigree. Any value may be written as {value: V, source: where it comes from}.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "a mirror of the reader, only for schemars")]
struct GridDocument {
    /// Unique name of the grid; the file's name when absent.
    name: Option<String>,
    /// What it is for, in words.
    description: Option<String>,
    /// The datasets, in the order of tables.
    #[schemars(length(min = 1))]
    datasets: Vec<DatasetItem>,
    /// The backbones, in the order of tables.
    #[schemars(length(min = 1))]
    backbones: Vec<BackboneItem>,
    /// The search that every cell runs.
    study: Map<String, Value>,
    /// Named changes of the search; every pair of dataset and backbone has a cell for each.
    variants: Option<Vec<VariantItem>>,
    /// What follows the search of a cell.
    #[schemars(rename = "final")]
    finals: Option<GridFinals>,
    /// How each dataset's winner is chosen.
    selection: Option<Selection>,
    /// Names of tables of published scores.
    reference: Option<NameOrNames>,
    /// Whether every cell searches for itself.
    #[schemars(extend("default" = "per-cell"))]
    scope: Option<Scope>,
    /// Among entries of the queue that wait for the same devices, the highest priority goes first.
    #[schemars(range(min = -100, max = 100), extend("default" = 0))]
    priority: Option<i32>,
    /// What may be spent before no further trial is proposed.
    budget: Option<Budget>,
    /// Devices that all cells together hold at a time.
    #[schemars(range(min = 1))]
    max_concurrent: Option<u32>,
    /// Seed of the grid; every study has a seed that follows from it.
    #[schemars(extend("default" = 42))]
    seed: Option<u32>,
}

#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "a mirror of the reader, only for schemars")]
enum NameOrNames {
    Name(String),
    Names(Vec<String>),
}

#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "a mirror of the reader, only for schemars")]
enum DatasetItem {
    /// Name of a registered dataset.
    Name(String),
    Settings(GridDataset),
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "a mirror of the reader, only for schemars")]
struct GridDataset {
    /// Name of a registered dataset.
    name: String,
    /// Why it cannot be had; its cells are holes then.
    unavailable: Option<String>,
    /// What a reader of its scores must know.
    note: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "a mirror of the reader, only for schemars")]
enum BackboneItem {
    /// Name of a registered backbone.
    Name(String),
    Settings(Box<GridBackbone>),
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "a mirror of the reader, only for schemars")]
struct GridBackbone {
    /// Name of a registered backbone.
    name: String,
    /// The backbone that it stands in for.
    substitute_for: Option<String>,
    /// Why it cannot be had; its cells are holes then.
    unavailable: Option<String>,
    /// What a reader of its scores must know.
    note: Option<String>,
    /// Its parameters: of equal winners the smaller is selected.
    #[schemars(range(min = 1))]
    parameters: Option<u64>,
    /// The pretraining that its cells start from.
    pretraining: Option<Pretraining>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "a mirror of the reader, only for schemars")]
struct Pretraining {
    /// Name of the pretraining and of the backbone that it leaves; GRID.BACKBONE.pretraining when absent.
    name: Option<String>,
    /// File of text to train on, one passage a line; relative to the grid's file.
    text: Option<String>,
    /// File of text to measure on, from other documents.
    held_out: Option<String>,
    /// Its parameters, by the trainer's names.
    parameters: Option<BTreeMap<String, Scalar>>,
    /// Why it cannot be had; the cells start from the backbone as it is then.
    unavailable: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "a mirror of the reader, only for schemars")]
enum VariantItem {
    /// A variant without change.
    Name(String),
    Settings(Variant),
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "a mirror of the reader, only for schemars")]
struct Variant {
    /// It ends the names of the variant's studies.
    name: String,
    /// Values in place of those under study.fixed.
    fixed: Option<Map<String, Value>>,
    /// Whether it starts from pretrained backbones only, or from the backbones as they are.
    pretrained: Option<bool>,
    /// false: one training without search, at the values of fixed and the trainer's defaults.
    #[schemars(extend("default" = true))]
    search: Option<bool>,
    /// Trials in place of the study's.
    #[schemars(range(min = 1))]
    trials: Option<u32>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "a mirror of the reader, only for schemars")]
struct GridFinals {
    /// Which model stands for the cell.
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
    /// Whose finals meet the test split, after the selection is on record.
    #[schemars(extend("default" = "winners"))]
    test: Option<TestPolicy>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "a mirror of the reader, only for schemars")]
struct Selection {
    /// What is compared between the cells of a dataset.
    #[schemars(extend("default" = "dev_f1"))]
    by: Option<SelectionRule>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "a mirror of the reader, only for schemars")]
struct Budget {
    /// Hours of devices, failed attempts included.
    #[schemars(range(min = 0))]
    gpu_hours: Option<f64>,
    /// Energy of devices, failed attempts included.
    #[schemars(range(min = 0))]
    kwh: Option<f64>,
}

/// The JSON Schema (draft 2020-12) of grid files.
pub fn grid_schema() -> Value {
    let mut schema = schemars::schema_for!(GridDocument);
    RecursiveTransform(without_null).transform(&mut schema);
    let (mut schema, search) = (schema.to_value(), search_space_schema());
    let keys = search["properties"].as_object().into_iter().flatten();
    let keys: Map<_, _> = keys
        .filter(|(key, _)| top::STUDY.known.contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    schema["$defs"]["Variant"]["properties"]["fixed"] = search["properties"]["fixed"].clone();
    schema["properties"]["study"] = json!({
        "description": "The search that every cell runs.", "type": "object", "additionalProperties": false,
        "properties": keys, "required": search["required"],
    });
    if let (Some(ours), Some(theirs)) = (schema["$defs"].as_object_mut(), search["$defs"].as_object()) {
        ours.extend(theirs.iter().filter(|(name, _)| *name != "Finals").map(|(n, v)| (n.clone(), v.clone())));
        ours.values_mut().for_each(annotate);
    }
    annotate(&mut schema);
    schema
}

/// Lets every value of a mapping stand as `{value, source}`, and every mapping have a source.
fn annotate(schema: &mut Value) {
    if let Some(items) = schema.get_mut("items") {
        annotate(items);
    }
    for alternatives in ["anyOf", "oneOf"] {
        schema.get_mut(alternatives).and_then(Value::as_array_mut).into_iter().flatten().for_each(annotate);
    }
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else { return };
    for value in properties.values_mut() {
        annotate(value);
        let description = value.get("description").cloned();
        let sourced = json!({
            "type": "object", "required": ["value", "source"], "additionalProperties": false,
            "properties": {"value": value, "source": {"type": "string"}},
        });
        *value = json!({"anyOf": [value, sourced]});
        if let Some(description) = description {
            value["description"] = description;
        }
    }
    properties.insert("source".to_owned(), json!({"type": "string", "description": "Where it comes from."}));
}
