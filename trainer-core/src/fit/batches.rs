//! One batch as tensors.

use candle_core::{Result, Tensor};

use super::splits::Windowed;
use crate::model::{Compute, Packed};

/// Windows packed one after the other, with the places and gold labels of their first pieces.
pub(super) struct Batch {
    pub(super) packed: Packed,
    /// Indices of first pieces in the pack, `[m]`.
    pub(super) rows: Tensor,
    /// Gold labels of them, `[m]`.
    pub(super) labels: Tensor,
}

impl Batch {
    /// Packs the windows `members` of `split`.
    ///
    /// # Errors
    /// The device is out of memory.
    pub(super) fn new(split: &Windowed, members: &[usize], compute: &Compute) -> Result<Self> {
        let windows = || members.iter().map(|&at| &split.windows[at]);
        let packed = Packed::new(windows().map(|window| window.ids.as_slice()), compute)?;
        let device = &compute.device;
        let (mut rows, mut labels) = (Vec::new(), Vec::new());
        for (window, start) in windows().zip(packed.starts()) {
            rows.extend(window.words.iter().map(|&(position, _)| *start as u32 + position));
            labels.extend(split.labels_of(window));
        }
        let count = rows.len();
        let labels = Tensor::from_vec(labels, count, device)?;
        Ok(Self { packed, rows: Tensor::from_vec(rows, count, device)?, labels })
    }

    /// Words that carry a label here. A window wholly inside one long word has none.
    pub(super) fn labelled(&self) -> usize {
        self.rows.elem_count()
    }
}
