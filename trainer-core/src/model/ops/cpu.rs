//! How a fused operation reads its tensors: as slices of f32 on the CPU.

use candle_core::{CpuStorage, Layout, Result, Storage, Tensor, bail};

use crate::model::compute;

/// Whether the fused operations compute on this tensor.
pub(super) fn is_fused(x: &Tensor) -> bool {
    compute::is_fused(x.device(), x.dtype())
}

/// The values of a contiguous f32 tensor, as a custom operation gets it.
pub(super) fn values<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&storage.as_slice::<f32>()?[start..end]),
        None => bail!("a fused operation needs contiguous input, got {layout:?}"),
    }
}

/// The CPU storage behind a storage of any device.
pub(super) fn on_cpu(storage: &Storage) -> Result<&CpuStorage> {
    match storage {
        Storage::Cpu(storage) => Ok(storage),
        _ => bail!("this fused operation runs on the CPU only"),
    }
}

/// Calls `work` with the values of contiguous f32 CPU tensors.
pub(super) fn with_values<R, const N: usize>(
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

/// The values of a storage.
pub(super) fn floats(storage: CpuStorage) -> Result<Vec<f32>> {
    match storage {
        CpuStorage::F32(values) => Ok(values),
        _ => bail!("the fused operations compute in f32"),
    }
}
