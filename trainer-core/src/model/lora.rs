//! Which layers get a LoRA branch, and the trained pair of matrices of each.

use candle_core::{Device, Result, Tensor, Var};

use crate::rng::Seeds;
use crate::{Hyperparameters, LoraTargets};

/// Size and place of the branches.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct LoraShape {
    pub(crate) rank: usize,
    /// A branch is scaled by alpha / rank.
    pub(crate) alpha: f64,
    pub(crate) dropout: f64,
    pub(crate) targets: LoraTargets,
}

impl LoraShape {
    /// The branches of a job.
    pub(crate) fn of(params: &Hyperparameters) -> Self {
        Self {
            rank: params.lora_r,
            alpha: params.lora_scaling.plain_alpha(params.lora_alpha, params.lora_r),
            dropout: params.lora_dropout,
            targets: params.lora_targets,
        }
    }

    /// What a branch is multiplied by.
    pub(crate) fn scale(self) -> f64 {
        self.alpha / self.rank as f64
    }
}

/// The trained part of one branch.
#[derive(Debug, Clone)]
pub(crate) struct Lora {
    /// `[r, in]`.
    pub(crate) a: Var,
    /// `[out, r]`.
    pub(crate) b: Var,
    /// See [`LoraShape::scale`].
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
            scale: shape.scale(),
            dropout: shape.dropout,
        })
    }
}
