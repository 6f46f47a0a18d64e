//! Rows of features with a standardised value each, and the distances of every pair.
//!
//! Knows no kernel.

use super::encoding::Encoding;

/// A kernel is fitted to at most twice this many observations: this many of the best, and as many others.
const FITTED_HALF: usize = 28;

/// What a process is fitted to.
#[derive(Debug, Clone)]
pub(super) struct Observations {
    pub(super) rows: Vec<Vec<f64>>,
    pub(super) values: Vec<f64>,
    /// The rows' features, one column for each feature.
    columns: Vec<f64>,
    /// Distances of the pairs (1, 0), (2, 0), (2, 1), (3, 0) ..., one column for each feature.
    pub(super) distances: Vec<f64>,
}

impl Observations {
    /// The encoding must have a feature.
    pub(super) fn new(encoding: &Encoding, rows: Vec<Vec<f64>>, values: Vec<f64>) -> Self {
        let (count, pairs) = (rows.len(), pairs_of(rows.len()));
        let columns: Vec<f64> =
            (0..encoding.len()).flat_map(|feature| rows.iter().map(move |row| row[feature])).collect();
        let mut distances = vec![0.0; encoding.len() * pairs];
        for feature in 0..encoding.len() {
            let column = &columns[feature * count..][..count];
            let mut rest = &mut distances[feature * pairs..][..pairs];
            for (i, value) in column.iter().enumerate() {
                let (own, after) = rest.split_at_mut(i);
                encoding.distances(feature, &column[..i], *value, own);
                rest = after;
            }
        }
        Self { rows, values, columns, distances }
    }

    /// Distances of every observation to a row, one column for each feature.
    pub(super) fn distances_to(&self, encoding: &Encoding, row: &[f64]) -> Vec<f64> {
        let mut distances = vec![0.0; self.columns.len()];
        let columns = self.columns.chunks_exact(self.len()).zip(distances.chunks_exact_mut(self.len()));
        for (feature, (column, out)) in columns.enumerate() {
            encoding.distances(feature, column, row[feature], out);
        }
        distances
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The number of pairs.
    pub(super) fn pairs(&self) -> usize {
        pairs_of(self.len())
    }

    /// The observations that a kernel is fitted to: the best ones, and as many others spread evenly over the order of
    /// values; all of them where they are few.
    pub(super) fn representatives(&self, encoding: &Encoding) -> Self {
        if self.len() <= 2 * FITTED_HALF {
            return self.clone();
        }
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.sort_by(|&a, &b| self.values[a].total_cmp(&self.values[b]));
        let rest = order.split_off(FITTED_HALF);
        order.extend((0..FITTED_HALF).map(|i| rest[i * rest.len() / FITTED_HALF]));
        let rows = order.iter().map(|&i| self.rows[i].clone()).collect();
        Self::new(encoding, rows, order.iter().map(|&i| self.values[i]).collect())
    }
}

fn pairs_of(size: usize) -> usize {
    size * size.saturating_sub(1) / 2
}

/// A number for each pair, as the lower triangle of a row-major square with `diagonal` on its diagonal.
pub(super) fn square(by_pair: &[f64], size: usize, diagonal: f64) -> Vec<f64> {
    let (mut square, mut rest) = (vec![0.0; size * size], by_pair);
    for (i, row) in square.chunks_exact_mut(size.max(1)).enumerate() {
        let (own, after) = rest.split_at(i);
        row[..i].copy_from_slice(own);
        row[i] = diagonal;
        rest = after;
    }
    square
}
