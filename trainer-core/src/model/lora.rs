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

impl LoraTargets {
    /// Names of the target modules, as PEFT matches them: by the end of a module's path.
    pub(crate) fn modules(self) -> &'static [&'static str] {
        match self {
            Self::Qv => &["query", "value"],
            Self::Qkvo => &["query", "key", "value", "attention.output.dense"],
            Self::AllLinear => {
                &["query", "key", "value", "attention.output.dense", "intermediate.dense", "output.dense"]
            }
        }
    }

    /// Whether the linear layer at `path` gets a branch.
    pub(crate) fn covers(self, path: &str) -> bool {
        self.modules().iter().any(|module| path.strip_suffix(module).is_some_and(|rest| rest.ends_with('.')))
    }
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
