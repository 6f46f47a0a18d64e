//! The operations composed of candle's own, for devices and types that the fused ones do not support: CUDA in bf16 or f16.
//!
//! Every product and kernel here is candle's, on the device that holds the tensors. The backwards are written by hand, so
//! that no gradient of a frozen weight is computed and attention keeps no scores. Tests compare the fused operations with
//! these, on the CPU in f64.

mod attention;
mod disentangled;
mod grid;
mod kept;
mod linear;
mod norm;
mod rows;
mod wide;

pub(super) use attention::attention;
pub(super) use disentangled::disentangled_attention;
pub(super) use kept::dropout;
pub(super) use linear::{linear, lora_linear};
pub(super) use norm::add_norm;
pub(super) use rows::rows;
