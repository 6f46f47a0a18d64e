//! Which layers get a LoRA branch, and how it is scaled.

use serde::{Deserialize, Serialize};

/// Which frozen linear layers get a LoRA branch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LoraTargets {
    /// Query and value projections (the paper's choice, section 3.5).
    #[default]
    Qv,
    /// All four attention projections.
    Qkvo,
    /// Every linear layer of the encoder.
    AllLinear,
    /// No layer: only the classification head is trained.
    None,
}

/// How a LoRA branch is scaled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LoraScaling {
    /// By alpha / r (Hu et al. 2021).
    #[default]
    Standard,
    /// By alpha / sqrt(r) (Kalajdzievski 2023): large ranks learn as fast as small ones.
    Rslora,
}

impl LoraScaling {
    /// The alpha that scales by alpha / r as this scaling does with `alpha`.
    pub fn plain_alpha(self, alpha: f64, rank: usize) -> f64 {
        match self {
            Self::Standard => alpha,
            Self::Rslora => alpha * (rank as f64).sqrt(),
        }
    }
}
