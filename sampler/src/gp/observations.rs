//! Rows of features with a standardised value each, and the distances of every pair.
//!
//! Knows no kernel.

use super::encoding::Encoding;

/// What a process is fitted to.
#[derive(Debug, Clone)]
pub(super) struct Observations {
    pub(super) rows: Vec<Vec<f64>>,
    pub(super) values: Vec<f64>,
    /// Distances by feature, of the pairs (1, 0), (2, 0), (2, 1), (3, 0) ...
    distances: Vec<f64>,
    features: usize,
}

impl Observations {
    /// The encoding must have a feature.
    pub(super) fn new(encoding: &Encoding, rows: Vec<Vec<f64>>, values: Vec<f64>) -> Self {
        let features = encoding.len();
        let pairs = rows.len() * rows.len().saturating_sub(1) / 2;
        let mut distances = vec![0.0; features * pairs];
        for ((i, j), out) in places(rows.len()).zip(distances.chunks_exact_mut(features)) {
            encoding.distances(&rows[i], &rows[j], out);
        }
        Self { rows, values, distances, features }
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Each pair of rows `(i, j)` with `i > j`, row by row, and its distances by feature.
    pub(super) fn pairs(&self) -> impl Iterator<Item = ((usize, usize), &[f64])> {
        places(self.len()).zip(self.distances.chunks_exact(self.features))
    }

    /// The `half` best observations and as many others, spread evenly over the order of values; all, where these are
    /// no fewer.
    pub(super) fn representatives(&self, encoding: &Encoding, half: usize) -> Self {
        if self.len() <= 2 * half {
            return self.clone();
        }
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.sort_by(|&a, &b| self.values[a].total_cmp(&self.values[b]));
        let rest = order.split_off(half);
        order.extend((0..half).map(|i| rest[i * rest.len() / half]));
        let rows = order.iter().map(|&i| self.rows[i].clone()).collect();
        Self::new(encoding, rows, order.iter().map(|&i| self.values[i]).collect())
    }
}

fn places(size: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..size).flat_map(|i| (0..i).map(move |j| (i, j)))
}
