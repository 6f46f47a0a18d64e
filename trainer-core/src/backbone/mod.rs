//! Backbones: a folder with `config.json`, weights and tokenizer files, as transformers saves it.
//!
//! Owns what is read from such a folder. Must not know LoRA branches or training.

mod config;
mod error;
mod family;
mod layout;
mod random;
mod relative;
mod shape;
mod weights;

pub(crate) use config::EncoderConfig;
pub use error::BackboneError;
pub use family::Family;
pub(crate) use family::{EMBEDDINGS_PROJECT, Site};
pub(crate) use layout::{HeadLayout, encoder_parameters};
pub use random::{RandomEncoder, write_random};
pub(crate) use relative::Relative;
pub use shape::{BackboneShape, inspect};
pub(crate) use weights::Weights;
