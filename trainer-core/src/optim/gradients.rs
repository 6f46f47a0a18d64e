//! The gradients of one step, outside the graph.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use candle_core::backprop::GradStore;
use candle_core::{Result, Tensor, Var};

/// Gradient values by tensor name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gradients(BTreeMap<String, Vec<f32>>);

impl Gradients {
    /// Takes the gradients of `trainable`, without tensors that the backward pass did not reach.
    pub(crate) fn take(store: &mut GradStore, trainable: &BTreeMap<String, Var>) -> Result<Self> {
        let mut gradients = BTreeMap::new();
        for (name, var) in trainable {
            if let Some(gradient) = store.remove(var as &Tensor) {
                gradients.insert(name.clone(), gradient.flatten_all()?.to_vec1()?);
            }
        }
        Ok(Self(gradients))
    }

    /// Takes the gradients of `trainable` out of several stores, each times `share`.
    pub(crate) fn collect(
        stores: Vec<GradStore>,
        trainable: &BTreeMap<String, Var>,
        share: f32,
    ) -> Result<Self> {
        let mut all = Self::default();
        for mut store in stores {
            all.add(Self::take(&mut store, trainable)?, share);
        }
        Ok(all)
    }

    /// Adds a share of other gradients of the same tensors.
    pub(crate) fn add(&mut self, other: Self, share: f32) {
        for (name, values) in other.0 {
            match self.0.entry(name) {
                Entry::Vacant(place) => {
                    place.insert(values.into_iter().map(|value| value * share).collect());
                }
                Entry::Occupied(mut sums) => {
                    for (sum, value) in sums.get_mut().iter_mut().zip(values) {
                        *sum += value * share;
                    }
                }
            }
        }
    }

    /// The values for a tensor.
    pub(crate) fn get(&self, name: &str) -> Option<&[f32]> {
        self.0.get(name).map(Vec::as_slice)
    }

    /// L2 norm over all values, summed in the order of names.
    pub(crate) fn norm(&self) -> f64 {
        self.0.values().flatten().map(|&value| f64::from(value) * f64::from(value)).sum::<f64>().sqrt()
    }

    /// The first value that is NaN or infinite, with its tensor.
    pub(crate) fn first_non_finite(&self) -> Option<(&str, f32)> {
        self.0.iter().find_map(|(name, values)| {
            values.iter().find(|value| !value.is_finite()).map(|&value| (name.as_str(), value))
        })
    }

    /// The factor that brings the norm down to `bound`; 1 below it.
    pub(crate) fn clip_factor(norm: f64, bound: f64) -> f64 {
        // 1e-6 as in torch.nn.utils.clip_grad_norm_.
        (bound / (norm + 1e-6)).min(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn norm_clip_and_non_finite() {
        let mut gradients =
            Gradients(BTreeMap::from([("a".to_owned(), vec![3.0, 0.0]), ("b".to_owned(), vec![4.0])]));
        assert_eq!(gradients.norm(), 5.0);
        assert_eq!(Gradients::clip_factor(0.5, 1.0), 1.0);
        assert!((Gradients::clip_factor(5.0, 1.0) - 0.2).abs() < 1e-6);
        assert!(gradients.first_non_finite().is_none());
        gradients.add(gradients.clone(), 0.5);
        assert_eq!(gradients.get("a"), Some([4.5, 0.0].as_slice()));
        gradients.0.insert("c".to_owned(), vec![0.0, f32::NAN]);
        assert_eq!(gradients.first_non_finite().unwrap().0, "c");
    }
}
