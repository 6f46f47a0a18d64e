//! Names of the files of an adapter.

pub(crate) const WEIGHTS: &str = "adapter_model.safetensors";
pub(crate) const CONFIG: &str = "adapter_config.json";
pub(crate) const LABELS: &str = "ner_labels.json";
/// The model card.
pub(crate) const CARD: &str = "README.md";
