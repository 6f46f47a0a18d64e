//! Randomness as a tree of named seeds: the same name under the same root always gives the same draws.
//!
//! Owns every random draw of a training. Must not know what is drawn. candle's own generator is never used: on the
//! CPU it cannot be seeded.

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use sha2::{Digest, Sha256};

/// A node of the tree.
#[derive(Debug, Clone)]
pub(crate) struct Seeds([u8; 32]);

impl Seeds {
    /// The root of one training.
    pub(crate) fn root(seed: u64) -> Self {
        Self(
            Sha256::new()
                .chain_update(b"pedigree-trainer/1")
                .chain_update(seed.to_le_bytes())
                .finalize()
                .into(),
        )
    }

    /// The child called `name`.
    pub(crate) fn child(&self, name: &str) -> Self {
        Self(Sha256::new().chain_update(self.0).chain_update(name.as_bytes()).finalize().into())
    }

    /// The `index`-th child: a step, an epoch.
    pub(crate) fn nth(&self, index: usize) -> Self {
        Self(Sha256::new().chain_update(self.0).chain_update((index as u64).to_le_bytes()).finalize().into())
    }

    /// A generator that starts at this node.
    pub(crate) fn draws(&self) -> Draws {
        Draws(ChaCha8Rng::from_seed(self.0))
    }
}

/// A seeded generator (ChaCha8) with the few distributions that a training needs.
#[derive(Debug, Clone)]
pub(crate) struct Draws(ChaCha8Rng);

impl Draws {
    /// Uniform over all 64-bit values.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0.random()
    }

    /// Uniform in 0..`bound`; `bound` must not be 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0.random_range(0..bound)
    }

    /// Uniform in [0, 1).
    pub(crate) fn unit(&mut self) -> f64 {
        self.0.random()
    }

    /// `count` values, uniform in [-`bound`, `bound`).
    pub(crate) fn uniform(&mut self, count: usize, bound: f64) -> Vec<f32> {
        (0..count).map(|_| ((2.0 * self.0.random::<f64>() - 1.0) * bound) as f32).collect()
    }

    /// `count` values, normal with mean 0 and the given standard deviation.
    pub(crate) fn normal(&mut self, count: usize, deviation: f64) -> Vec<f32> {
        let standard = StandardNormal.sample_iter(&mut self.0).take(count);
        standard.map(|value: f64| (deviation * value) as f32).collect()
    }

    /// Every order is as likely as any other.
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        items.shuffle(&mut self.0);
    }

    /// One of `items`, which must not be empty.
    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_name_same_draws_other_name_other_draws() {
        let root = Seeds::root(7);
        assert_eq!(root.child("order").draws().bits(), Seeds::root(7).child("order").draws().bits());
        assert_ne!(root.child("order").draws().bits(), root.child("dropout").draws().bits());
        assert_ne!(root.nth(1).draws().bits(), root.nth(2).draws().bits());
    }

    #[test]
    fn distributions_have_their_moments() {
        let mut draws = Seeds::root(1).draws();
        let normal = draws.normal(20_000, 0.5);
        let mean = normal.iter().sum::<f32>() / 20_000.0;
        let deviation = (normal.iter().map(|v| v * v).sum::<f32>() / 20_000.0).sqrt();
        assert!(mean.abs() < 0.015 && (deviation - 0.5).abs() < 0.015, "{mean} {deviation}");
        let uniform = draws.uniform(20_000, 0.25);
        assert!(uniform.iter().all(|v| (-0.25..=0.25).contains(v)));
        let mut seen = [0usize; 5];
        (0..5_000).for_each(|_| seen[draws.below(5)] += 1);
        assert!(seen.iter().all(|&n| (850..1150).contains(&n)), "{seen:?}");
    }
}
