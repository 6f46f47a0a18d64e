//! What every part of a model is built from: pretrained weights, the shape of branches, seeds of new values.

use candle_core::{Device, Tensor};

use super::compute::Compute;
use super::lora::{Lora, LoraShape};
use super::operand::Affine;
use super::projection::Projection;
use crate::TrainError;
use crate::backbone::{Family, LinearShape, Weights};
use crate::rng::Seeds;

/// Pretrained weights and the branches to put on them.
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

    /// The encoder's layer norm at `path`.
    pub(super) fn norm(&self, path: &str, width: usize) -> Result<Affine, TrainError> {
        let part = |part: &str| self.tensor(&format!("{path}.{part}"), &[width]);
        Ok(Affine { weight: part("weight")?, bias: part("bias")? })
    }

    /// The encoder's linear layer at `path`, with a branch where the job wants one.
    pub(super) fn projection(&self, path: String, shape: LinearShape) -> Result<Projection, TrainError> {
        let LinearShape { output, input } = shape;
        let weight = self.tensor(&format!("{path}.weight"), &[output, input])?;
        let bias = self.tensor(&format!("{path}.bias"), &[output])?;
        let covered = self.lora.filter(|lora| self.family.covers(lora.targets, &path));
        let branch = |lora| Lora::new(lora, shape, &self.seeds.child(&path), &self.compute.device);
        let lora = covered.map(branch).transpose()?;
        Ok(Projection { path, layer: Affine { weight, bias }, lora })
    }
}
