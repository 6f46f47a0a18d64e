//! Which layers get a LoRA branch, and the trained pair of matrices of each.

use candle_core::{Device, Result, Tensor, Var};

use crate::LoraTargets;
use crate::rng::Seeds;

/// Size and place of the branches.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct LoraShape {
    pub(crate) rank: usize,
    pub(crate) alpha: f64,
    pub(crate) dropout: f64,
    pub(crate) targets: LoraTargets,
}

/// The trained part of one branch.
#[derive(Debug, Clone)]
pub(crate) struct Lora {
    /// `[r, in]`.
    pub(crate) a: Var,
    /// `[out, r]`.
    pub(crate) b: Var,
    /// alpha / r.
    pub(crate) scale: f64,
    pub(crate) dropout: f64,
}

impl Lora {
    /// A is Kaiming-uniform with slope sqrt(5), that is uniform within 1 / sqrt(in); B is zero, so that a new branch
    /// changes nothing.
    pub(crate) fn new(
        shape: LoraShape,
        (out, input): (usize, usize),
        seeds: &Seeds,
        device: &Device,
    ) -> Result<Self> {
        let values = seeds.draws().uniform(shape.rank * input, 1.0 / (input as f64).sqrt());
        Ok(Self {
            a: Var::from_tensor(&Tensor::from_vec(values, (shape.rank, input), device)?)?,
            b: Var::from_tensor(&Tensor::from_vec(
                vec![0.0f32; out * shape.rank],
                (out, shape.rank),
                device,
            )?)?,
            scale: shape.alpha / shape.rank as f64,
            dropout: shape.dropout,
        })
    }
}
