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
//! on the device that holds the tensors (`composed`); nothing is brought to the CPU for it.

mod attention;
mod by_hand;
mod composed;
mod disentangled;
mod dropout;
mod gelu;
mod linear;
mod lora;
mod norm;
mod vector;

pub(crate) use attention::attention;
pub(crate) use disentangled::{RelativeRows, disentangled_attention};
pub(crate) use dropout::{Mask, dropout};
pub(crate) use gelu::gelu;
pub(crate) use linear::linear;
pub(crate) use lora::{Branch, lora_linear};
pub(crate) use norm::{add_norm, norm};

use candle_core::{CpuStorage, Layout, Result, Storage, Tensor, bail};

use super::compute;

/// Whether the fused operations compute on this tensor.
fn is_fused(x: &Tensor) -> bool {
    compute::is_fused(x.device(), x.dtype())
}

/// The rows `index` (`[m]`, no row twice) of `x` `[rows, width]`.
pub(crate) fn rows(x: &Tensor, index: &Tensor) -> Result<Tensor> {
    if is_fused(x) { x.index_select(index, 0) } else { composed::rows(x, index) }
}

/// The values of a contiguous f32 tensor, as a custom operation gets it.
fn values<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&storage.as_slice::<f32>()?[start..end]),
        None => bail!("a fused operation needs contiguous input, got {layout:?}"),
    }
}

/// The CPU storage behind a storage of any device.
fn on_cpu(storage: &Storage) -> Result<&CpuStorage> {
    match storage {
        Storage::Cpu(storage) => Ok(storage),
        _ => bail!("this fused operation runs on the CPU only"),
    }
}

/// Calls `work` with the values of contiguous f32 CPU tensors.
fn with_values<R, const N: usize>(
    tensors: [&Tensor; N],
    work: impl FnOnce([&[f32]; N]) -> Result<R>,
) -> Result<R> {
    let held = tensors.map(Tensor::storage_and_layout);
    let mut slices = [[].as_slice(); N];
    for (slice, (storage, layout)) in slices.iter_mut().zip(&held) {
        *slice = values(on_cpu(storage)?, layout)?;
    }
    work(slices)
}
