//! A batch as tensors.

use candle_core::{Result, Tensor};

use crate::model::{Compute, Packed};

/// A sequence, and what is to be predicted of it.
#[derive(Debug, Clone)]
pub(crate) struct Example<'a> {
    /// Piece ids.
    pub(crate) ids: &'a [u32],
    pub(crate) targets: Vec<Target>,
}

/// A piece that has an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Target {
    /// Its position in the sequence.
    pub(crate) position: u32,
    /// The answer: a label, or a piece of the vocabulary.
    pub(crate) class: u32,
}

/// Sequences packed one after the other, with the places and answers of their targets.
pub(crate) struct Batch {
    pub(crate) packed: Packed,
    /// Indices of the targets in the pack, `[m]`.
    pub(crate) rows: Tensor,
    /// Their answers, `[m]`.
    pub(crate) classes: Tensor,
}

impl Batch {
    /// Packs `examples`.
    ///
    /// # Errors
    /// The device is out of memory.
    pub(crate) fn new(examples: &[Example<'_>], compute: &Compute) -> Result<Self> {
        let packed = Packed::new(examples.iter().map(|example| example.ids), compute)?;
        let (mut rows, mut classes) = (Vec::new(), Vec::new());
        for (example, start) in examples.iter().zip(packed.starts()) {
            rows.extend(example.targets.iter().map(|target| *start as u32 + target.position));
            classes.extend(example.targets.iter().map(|target| target.class));
        }
        let (count, device) = (rows.len(), &compute.device);
        let rows = Tensor::from_vec(rows, count, device)?;
        Ok(Self { packed, rows, classes: Tensor::from_vec(classes, count, device)? })
    }

    /// Targets. A window inside one long word has none.
    pub(crate) fn targets(&self) -> usize {
        self.rows.elem_count()
    }
}
