//! Backbones: a folder with `config.json`, `model.safetensors` and tokenizer files.
//!
//! Owns what is read from such a folder. Must not know LoRA or training.

mod config;
mod error;
mod random;
mod shape;
mod weights;

pub(crate) use config::{BertConfig, family_of};
pub use error::BackboneError;
pub use random::{RandomBert, write_random};
pub use shape::{BackboneShape, inspect};
pub(crate) use weights::{Weights, encoder_parameters};

/// `model_type`s of `config.json` that can be trained.
pub const FAMILIES: [&str; 1] = ["bert"];
