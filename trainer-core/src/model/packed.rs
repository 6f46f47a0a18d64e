//! A batch without padding: sequences one after the other.

use std::sync::Arc;

use candle_core::{Device, Result, Tensor};

/// Pieces of several sequences in one row.
#[derive(Debug, Clone)]
pub(crate) struct Packed {
    /// Piece ids, `[pieces]`.
    pub(crate) ids: Tensor,
    /// Position of each piece in its sequence, `[pieces]`.
    pub(crate) positions: Tensor,
    /// Token type of each piece, `[pieces]`; absent: all 0, as NER has one segment.
    pub(crate) types: Option<Tensor>,
    /// Sequence i has the pieces `offsets[i]..offsets[i + 1]`.
    pub(crate) offsets: Arc<[usize]>,
}

impl Packed {
    /// Packs sequences of piece ids; none of them may be empty.
    ///
    /// # Errors
    /// The device is out of memory.
    pub(crate) fn new<'a>(sequences: impl Iterator<Item = &'a [u32]>, device: &Device) -> Result<Self> {
        let (mut ids, mut positions, mut offsets) = (Vec::new(), Vec::new(), vec![0]);
        for sequence in sequences {
            ids.extend_from_slice(sequence);
            positions.extend(0..sequence.len() as u32);
            offsets.push(ids.len());
        }
        let pieces = ids.len();
        Ok(Self {
            ids: Tensor::from_vec(ids, pieces, device)?,
            positions: Tensor::from_vec(positions, pieces, device)?,
            types: None,
            offsets: offsets.into(),
        })
    }

    /// Pieces in the batch.
    pub(crate) fn pieces(&self) -> usize {
        self.ids.elem_count()
    }
}
