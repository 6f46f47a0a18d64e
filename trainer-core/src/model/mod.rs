//! A frozen encoder with LoRA branches, under a tag classifier or a masked-LM head.
//!
//! Owns the computation from pieces to logits. Must not know losses, optimisers or files of a job.
//!
//! This module avoids traps of candle, each of which was seen: `candle_nn::LayerNorm` and `softmax_last_dim` silently pass
//! no gradient; dropout in candle-transformers' encoders does nothing; CPU random numbers cannot be seeded; a `VarMap` has
//! another order in each run.

mod backward;
mod compute;
mod embeddings;
mod encoder;
mod layer;
mod lora;
mod mask_keys;
mod masked_lm;
mod operand;
mod ops;
mod packed;
pub(crate) mod peft;
mod projection;
mod relative;
mod source;
mod tagger;

pub(crate) use compute::Compute;
pub(crate) use lora::LoraShape;
pub(crate) use masked_lm::MaskedLm;
pub(crate) use packed::Packed;
pub(crate) use tagger::Tagger;

#[cfg(test)]
mod composed_tests;
#[cfg(test)]
mod tests;
