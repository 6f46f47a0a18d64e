//! What every part of a model is built from: pretrained weights, the wish for branches, seeds of new values.

use candle_core::{Device, Tensor};

use super::Compute;
use super::lora::{Lora, LoraShape};
use super::projection::Projection;
use crate::TrainError;
use crate::backbone::{Family, Weights};
use crate::rng::Seeds;

/// Pretrained weights and what is to be put on them.
pub(super) struct Source<'a> {
    pub(super) family: Family,
    pub(super) weights: &'a Weights,
    pub(super) lora: Option<LoraShape>,
    pub(super) seeds: &'a Seeds,
    pub(super) compute: &'a Compute,
}

impl Source<'_> {
    /// A tensor of the encoder.
    pub(super) fn tensor(&self, name: &str, shape: &[usize]) -> Result<Tensor, TrainError> {
        Ok(self.compute.frozen(&self.weights.get(name, shape, &Device::Cpu)?)?)
    }

    /// Weight and bias of the encoder's layer norm at `path`, `[width]` each.
    pub(super) fn norm(&self, path: &str, width: usize) -> Result<(Tensor, Tensor), TrainError> {
        let part = |part: &str| self.tensor(&format!("{path}.{part}"), &[width]);
        Ok((part("weight")?, part("bias")?))
    }

    /// The encoder's linear layer at `path`, `[out, in]`.
    pub(super) fn projection(
        &self,
        path: String,
        (out, input): (usize, usize),
    ) -> Result<Projection, TrainError> {
        let weight = self.tensor(&format!("{path}.weight"), &[out, input])?;
        let bias = self.tensor(&format!("{path}.bias"), &[out])?;
        let covered = self.lora.filter(|lora| self.family.covers(lora.targets, &path));
        let branch = |shape| Lora::new(shape, (out, input), &self.seeds.child(&path), &self.compute.device);
        let lora = covered.map(branch).transpose()?;
        Ok(Projection { path, weight, bias, lora })
    }
}
