//! A batch as the model takes it: sequences one after the other, without padding or padded to the longest.

use std::sync::Arc;

use candle_core::{Result, Tensor};

use super::compute::Compute;

/// Pieces of several sequences in one row.
#[derive(Debug, Clone)]
pub(crate) struct Packed {
    /// Piece ids, `[pieces]`.
    pub(crate) ids: Tensor,
    /// Position of each piece in its sequence, from 0, `[pieces]`.
    pub(crate) positions: Tensor,
    /// Token type of each piece, `[pieces]`. If absent, all are 0: NER has one segment.
    pub(crate) types: Option<Tensor>,
    pub(crate) sequences: Sequences,
    /// Pieces without padding.
    real: usize,
}

/// Where the sequences of a batch lie.
#[derive(Debug, Clone)]
pub(crate) struct Sequences {
    /// Sequence i has the pieces `offsets[i]..offsets[i + 1]`, padding included.
    pub(crate) offsets: Arc<[usize]>,
    /// What a padded batch adds to the scores of keys, `[1, sequences, 1, longest]`: 0 for a piece, [`HIDDEN`] for padding.
    pub(crate) padding: Option<Tensor>,
}

/// Far below any score, and a number in every type.
const HIDDEN: f32 = -30_000.0;

impl Packed {
    /// Packs sequences of piece ids; none of them may be empty.
    ///
    /// # Errors
    /// The device is out of memory.
    pub(crate) fn new<'a>(sequences: impl Iterator<Item = &'a [u32]>, compute: &Compute) -> Result<Self> {
        let sequences: Vec<&[u32]> = sequences.collect();
        let longest = sequences.iter().map(|sequence| sequence.len()).max().unwrap_or(0).max(2);
        let (mut ids, mut positions, mut offsets) = (Vec::new(), Vec::new(), vec![0]);
        for sequence in &sequences {
            let length = if compute.pads() { longest } else { sequence.len() };
            ids.extend_from_slice(sequence);
            ids.resize(offsets[offsets.len() - 1] + length, 0);
            positions.extend(0..length as u32);
            offsets.push(ids.len());
        }
        let pieces = ids.len();
        let padding = compute.pads().then(|| padding(&sequences, longest, compute)).transpose()?;
        Ok(Self {
            ids: Tensor::from_vec(ids, pieces, &compute.device)?,
            positions: Tensor::from_vec(positions, pieces, &compute.device)?,
            types: None,
            sequences: Sequences { offsets: offsets.into(), padding },
            real: sequences.iter().map(|sequence| sequence.len()).sum(),
        })
    }

    /// Where each sequence starts.
    pub(crate) fn starts(&self) -> &[usize] {
        let offsets = &self.sequences.offsets;
        &offsets[..offsets.len() - 1]
    }

    /// Pieces in the batch, without padding.
    pub(crate) fn pieces(&self) -> usize {
        self.real
    }

    /// Pieces that are computed.
    pub(crate) fn computed(&self) -> usize {
        self.ids.elem_count()
    }
}

fn padding(sequences: &[&[u32]], longest: usize, compute: &Compute) -> Result<Tensor> {
    let of = |sequence: &&[u32]| {
        let length = sequence.len();
        (0..longest).map(move |at| if at < length { 0.0 } else { HIDDEN })
    };
    let values: Vec<f32> = sequences.iter().flat_map(of).collect();
    Tensor::from_vec(values, (1, sequences.len(), 1, longest), &compute.device)?.to_dtype(compute.dtype)
}
