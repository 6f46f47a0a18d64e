//! Names of the files of an adapter, and how its JSON is written.

use std::io;

pub(super) const WEIGHTS: &str = "adapter_model.safetensors";
pub(super) const CONFIG: &str = "adapter_config.json";
pub(super) const LABELS: &str = "ner_labels.json";

pub(super) fn pretty(value: &serde_json::Value) -> io::Result<String> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}
