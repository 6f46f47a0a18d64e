//! Fused operations of a frozen encoder, each with a backward written by hand.
//!
//! candle's own autograd would compute weight gradients of frozen layers, keep a copy of each intermediate, and lose
//! gradients silently in its fused layer norm and softmax (neither has a backward). These operations compute only the
//! gradients that are used and keep only their inputs. Dropout masks are recomputed from a key.
//!
//! Matrix products go through candle's own storage, so no operation needs `unsafe`. Sequences of a batch are packed one
//! after the other without padding: tensors are `[pieces, width]`.
//!
//! The fused operations compute on the CPU in f32. Everywhere else the same functions are composed of candle's operations
//! (`composed`), on the device that holds the tensors.

mod attention;
mod by_hand;
mod composed;
mod cpu;
mod disentangled;
mod dropout;
mod gelu;
mod linear;
mod lora;
mod masked;
mod norm;
mod rows;
mod sequence;
mod vector;

pub(crate) use attention::attention;
pub(crate) use disentangled::disentangled_attention;
pub(crate) use dropout::dropout;
pub(crate) use gelu::gelu;
pub(crate) use linear::linear;
pub(crate) use lora::lora_linear;
pub(crate) use norm::{add_norm, norm};
pub(crate) use rows::rows;
