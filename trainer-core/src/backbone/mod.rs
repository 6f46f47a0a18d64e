//! Backbones: a folder with `config.json`, weights and tokenizer files, as transformers saves it.
//!
//! Owns what is read from such a folder. Must not know LoRA branches or training.

mod config;
mod error;
mod family;
mod layout;
mod published;
mod random;
mod relative;
mod shape;
mod weights;

pub(crate) use config::EncoderConfig;
pub use error::BackboneError;
pub use family::Family;
pub(crate) use family::{EMBEDDINGS_PROJECT, Site};
pub(crate) use layout::{HeadLayout, encoder_parameters, encoder_tensors};
pub use published::PublishedSize;
pub(crate) use published::{published, random_weights};
pub use random::{RandomEncoder, write_random};
pub(crate) use relative::Relative;
pub use shape::{BackboneShape, inspect};
pub(crate) use weights::{Values, Weights, safetensors_file, safetensors_with};

/// Folder, inside that of a backbone or of a trained adapter, of the adapter that fine-tuning starts from.
pub const START: &str = "dapt";

/// Files that say how text becomes pieces; those that exist belong to a backbone.
pub const TOKENIZER_FILES: [&str; 6] = [
    "tokenizer.json",
    "vocab.txt",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "spm.model",
];
