//! What the operations of `ops` take besides tensors: masks of dropout, pairs of weights, places of relative positions.
//!
//! Owns these values only. Must not know how anything is computed from them.

use candle_core::Tensor;

/// Weight and bias of a linear layer or of a layer norm.
#[derive(Debug, Clone)]
pub(crate) struct Affine {
    /// `[out, in]` of a linear layer, `[width]` of a norm.
    pub(crate) weight: Tensor,
    pub(crate) bias: Tensor,
}

impl Affine {
    /// Whether either of them is trained.
    pub(in crate::model) fn is_variable(&self) -> bool {
        self.weight.is_variable() || self.bias.is_variable()
    }
}

/// The trained matrices of a LoRA branch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LowRank<'a> {
    /// `[r, in]`.
    pub(crate) a: &'a Tensor,
    /// `[out, r]`.
    pub(crate) b: &'a Tensor,
}

/// What a branch adds to its layer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Branch {
    /// alpha / r, or alpha / sqrt(r).
    pub(crate) scale: f64,
    /// Dropout on the branch's input.
    pub(crate) mask: Option<Mask>,
}

/// Which row of relative embeddings belongs to which distance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RelativeRows {
    /// For the distances -n..=n (query less key), growing.
    pub(crate) by_distance: Vec<usize>,
    /// Queries attend to positions.
    pub(crate) c2p: bool,
    /// Positions attend to keys.
    pub(crate) p2c: bool,
}

impl RelativeRows {
    /// Terms in a score.
    pub(in crate::model) fn terms(&self) -> usize {
        1 + usize::from(self.c2p) + usize::from(self.p2c)
    }
}

/// A replayable mask: which elements are kept, and what they are scaled by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Mask {
    key: (u32, u32),
    threshold: u32,
    scale: f32,
}

impl Mask {
    /// Drops a share of `probability` (0 <= p < 1) and scales the rest by 1 / (1 - p). `None` for p = 0.
    pub(crate) fn new(probability: f64, key: u64) -> Option<Self> {
        (probability > 0.0).then(|| Self {
            key: (key as u32, (key >> 32) as u32),
            threshold: (probability * 4_294_967_296.0) as u32,
            scale: (1.0 / (1.0 - probability)) as f32,
        })
    }

    /// The share of elements that it drops.
    pub(in crate::model) fn probability(self) -> f64 {
        f64::from(self.threshold) / 4_294_967_296.0
    }

    /// What kept elements are multiplied by.
    pub(in crate::model) fn scale(self) -> f64 {
        f64::from(self.scale)
    }

    /// The mask of part number `index` of a larger whole.
    pub(in crate::model) fn part(self, index: u32) -> Self {
        Self { key: (mix(self.key.0 ^ mix(index)), self.key.1.wrapping_add(index)), ..self }
    }

    /// What element `index` is multiplied by.
    #[inline(always)]
    pub(in crate::model) fn factor(self, index: u32) -> f32 {
        let bits = mix(mix(index ^ self.key.0) ^ self.key.1);
        if bits < self.threshold { 0.0 } else { self.scale }
    }
}

/// A 32-bit mixer (two rounds of multiply and xor-shift): every input bit changes about half of the output bits.
#[inline(always)]
fn mix(mut x: u32) -> u32 {
    x ^= x >> 16;
    x = x.wrapping_mul(0x7feb_352d);
    x ^= x >> 15;
    x = x.wrapping_mul(0x846c_a68b);
    x ^ (x >> 16)
}
