//! A frozen encoder with LoRA branches, under a tag classifier or a masked-LM head.
//!
//! Owns the computation from pieces to logits. Must not know losses, optimisers or files of a job.
//!
//! Traps of candle that this module avoids (each was seen): `candle_nn::LayerNorm` and `softmax_last_dim` pass no
//! gradient and say nothing; dropout in candle-transformers' encoders does nothing; CPU random numbers cannot be seeded;
//! a `VarMap` has another order in each run.

mod compute;
mod embeddings;
mod encoder;
mod layer;
mod lora;
mod masked_lm;
mod ops;
mod packed;
mod projection;
mod recompute;
mod relative;
mod source;
mod tagger;

pub(crate) use compute::Compute;
pub(crate) use lora::LoraShape;
pub(crate) use masked_lm::MaskedLm;
pub(crate) use packed::Packed;
pub(crate) use tagger::Tagger;

use crate::rng::Draws;

/// Keys for the dropout masks of one forward pass, in the order of its layers; `None` in evaluation.
pub(crate) type MaskKeys<'a> = Option<&'a mut Draws>;

/// The next mask of a forward pass.
fn next_mask(keys: &mut MaskKeys<'_>, probability: f64) -> Option<ops::Mask> {
    keys.as_mut().and_then(|keys| ops::Mask::new(probability, keys.bits()))
}

#[cfg(test)]
mod composed_tests;
#[cfg(test)]
mod tests;
