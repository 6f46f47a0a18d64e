//! Backbones: a folder with `config.json`, weights and tokenizer files, as transformers saves it.
//!
//! Owns what is read from such a folder. Must not know LoRA branches or training.

mod charsmap;
mod config;
mod error;
mod facts;
mod families;
mod family;
mod first_layers;
mod folder;
mod layout;
pub(crate) mod names;
pub(crate) mod pieces;
mod published;
mod random;
mod relative;
mod sentence_piece;
#[cfg(test)]
mod sentence_piece_tests;
mod shape;
mod weights;
mod weights_files;
#[cfg(test)]
mod weights_files_tests;
mod wire;

pub(crate) use config::EncoderConfig;
pub use error::BackboneError;
pub(crate) use facts::{HeadLayout, Site};
pub use family::Family;
pub use first_layers::{LAYERS_OF_SOURCE, write_first_layers};
pub use folder::{START, TOKENIZER_FILES};
pub(crate) use folder::{read_bytes, read_json};
pub(crate) use layout::{LinearShape, TensorShape, encoder_parameters, encoder_tensors, head_tensors};
pub use pieces::piece_ids;
pub use published::PublishedSize;
pub(crate) use published::{published, random_weights};
pub use random::{RandomEncoder, write_random};
pub(crate) use relative::RelativeSettings;
pub use shape::{BackboneShape, inspect};
pub(crate) use weights::Weights;
pub use weights_files::{WEIGHTS_FILES, shards, weights_files};
