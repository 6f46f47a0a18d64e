//! What a training will need at its peak, from the sizes of the model and of a part of a batch.

use std::fmt;

use super::limit::Limit;
use crate::LoraTargets;
use crate::backbone::{EncoderConfig, LinearShape, Site, encoder_parameters};
use crate::model::{Compute, LoraShape};

/// Bytes of an f32, the type of what is trained.
const VALUE: u64 = 4;
/// Squares of scores that attention over a padded batch holds at the same time.
const SQUARES: u64 = 7;
/// Tokenizer, corpus, program and allocator.
const BASE: u64 = 60 << 20;
/// Copies of each trained value: itself, gradient, two moments, best epoch, and the checkpoint while it is written.
const TRAINED_COPIES: u64 = 9;
/// Values of width `hidden` that a layer keeps of each piece until its backward: projections, context, both residual
/// sums and norms, branches with their dropout.
const KEPT_HIDDEN: u64 = 14;
/// Values of width `intermediate`: before and after the activation, and their gradients for the layer in progress.
const KEPT_INTERMEDIATE: u64 = 2;
/// Further values of both widths that the layer in progress needs.
const TRANSIENT: u64 = 8;

/// The sizes that decide what a training needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sizes {
    layers: u64,
    hidden: u64,
    intermediate: u64,
    heads: u64,
    parameters: u64,
    trained: u64,
    /// Whether the backward reaches the layers. Without branches it ends at the head.
    reaches_layers: bool,
    /// Bytes of a frozen value or an activation.
    value: u64,
    recompute: bool,
    pads: bool,
}

/// An estimate, in its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Demand {
    weights: u64,
    trained: u64,
    activations: u64,
    windows: usize,
    pieces: usize,
}

impl Sizes {
    /// The sizes of an encoder with branches.
    pub(crate) fn of(config: &EncoderConfig, lora: LoraShape, compute: &Compute) -> Self {
        let covered = |site: &Site| {
            config.family.covers(lora.targets, &format!("layer.0.{}", config.family.path(*site)))
        };
        let branch = |site: Site| {
            let LinearShape { output, input } = config.shape(site);
            (lora.rank * (output + input)) as u64
        };
        let per_layer: u64 = Site::ALL.into_iter().filter(covered).map(branch).sum();
        let layers = config.num_hidden_layers as u64;
        Self {
            layers,
            hidden: config.hidden_size as u64,
            intermediate: config.intermediate_size as u64,
            heads: config.num_attention_heads as u64,
            parameters: encoder_parameters(config),
            trained: layers * per_layer,
            reaches_layers: lora.targets != LoraTargets::None,
            value: compute.dtype.size_in_bytes() as u64,
            recompute: compute.recompute,
            pads: compute.pads(),
        }
    }

    /// What is needed when windows of these lengths, in pieces, go through the model at once.
    pub(crate) fn demand(&self, lengths: &[usize]) -> Demand {
        let (windows, longest) = (lengths.len() as u64, lengths.iter().max().copied().unwrap_or(0) as u64);
        let real: u64 = lengths.iter().map(|&length| length as u64).sum();
        let pieces = if self.pads { windows * longest } else { real };
        let layer = KEPT_HIDDEN * self.hidden + KEPT_INTERMEDIATE * self.intermediate;
        let transient = TRANSIENT * (self.hidden + self.intermediate);
        let kept = match (self.reaches_layers, self.recompute) {
            (false, _) => self.hidden,
            (true, true) => self.layers * self.hidden + layer,
            (true, false) => self.layers * layer,
        };
        let square = self.heads * longest * longest;
        let scores = if self.pads {
            // The dropout mask of each layer takes a byte per score.
            let masks = if self.recompute || !self.reaches_layers { 1 } else { self.layers };
            windows * square * (SQUARES * self.value + masks)
        } else {
            // Each thread works on one sequence at a time.
            4 * square * self.value
        };
        Demand {
            weights: self.value * self.parameters,
            trained: VALUE * TRAINED_COPIES * self.trained,
            activations: self.value * pieces * (kept + transient) + scores,
            windows: lengths.len(),
            pieces: pieces as usize,
        }
    }

    /// The most windows of a batch that fit at once, even if they are the longest ones. `lengths` has all windows of the split.
    ///
    /// # Errors
    /// The demand of one window, where even that does not fit.
    pub(crate) fn fitting(&self, lengths: &[usize], batch: usize, limit: &Limit) -> Result<usize, Demand> {
        let mut longest = lengths.to_vec();
        longest.sort_unstable_by_key(|&length| std::cmp::Reverse(length));
        longest.truncate(batch);
        let fits = |windows: &usize| self.demand(&longest[..*windows]).bytes() <= limit.bytes;
        match (1..=longest.len()).rev().find(fits) {
            Some(windows) => Ok(windows),
            None => Err(self.demand(&longest[..longest.len().min(1)])),
        }
    }
}

impl Demand {
    /// The whole demand. While weights are read, they are in memory twice.
    pub(crate) fn bytes(&self) -> u64 {
        (BASE + self.weights + self.trained + self.activations).max(BASE + 2 * self.weights)
    }
}

impl fmt::Display for Demand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "about {} MB (weights {} MB, trained values and their optimiser {} MB, {} windows with {} pieces at once {} \
             MB)",
            self.bytes() >> 20,
            self.weights >> 20,
            self.trained >> 20,
            self.windows,
            self.pieces,
            self.activations >> 20
        )
    }
}
