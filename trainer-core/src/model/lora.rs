//! Which layers get a LoRA branch, and the trained pair of matrices of each.

use candle_core::{DType, Device, Result, Tensor, Var};

use crate::backbone::LinearShape;
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
    /// A is Kaiming-uniform with slope sqrt(5), that is, uniform within 1 / sqrt(in). B is zero, so a new branch changes
    /// nothing.
    pub(crate) fn new(
        shape: LoraShape,
        LinearShape { output, input }: LinearShape,
        seeds: &Seeds,
        device: &Device,
    ) -> Result<Self> {
        let values = seeds.draws().uniform(shape.rank * input, 1.0 / (input as f64).sqrt());
        Ok(Self {
            a: Var::from_tensor(&Tensor::from_vec(values, (shape.rank, input), device)?)?,
            b: Var::from_tensor(&Tensor::zeros((output, shape.rank), DType::F32, device)?)?,
            scale: shape.scale(),
            dropout: shape.dropout,
        })
    }
}
