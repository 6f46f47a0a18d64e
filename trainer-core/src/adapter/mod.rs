//! The trained adapter as a folder that PEFT loads (checked with peft 0.21), and back.
//!
//! Owns the layout: `adapter_config.json`, `adapter_model.safetensors`, `ner_labels.json`, `README.md`, and in `dapt/` the
//! adapter that the training started from. The folder never holds a `config.json`: with one,
//! `AutoModel.from_pretrained` would look for a whole model.

mod account;
mod card;
mod config;
mod content;
pub(crate) mod files;
mod folder;
pub(crate) mod head;
mod labels;
mod merged;
#[cfg(test)]
mod refusal_tests;
mod saved;
mod start;
#[cfg(test)]
mod tests;

pub(crate) use content::Adapter;
pub(crate) use labels::NerLabels;
pub use merged::export_merged;
pub(crate) use saved::SavedAdapter;
pub(crate) use start::StartAdapter;
pub use start::check_start;
