//! Cholesky factors of symmetric positive definite matrices, row by row: solves, inverse, log-determinant.
//!
//! Written here because replay needs the same bits on every machine: the fast linear-algebra crates choose the order of
//! summation by the processor that they find. Sizes stay at a few hundred rows. Knows nothing of kernels.

use crate::real::{ln, vectorised};

/// The lower triangle `L` of `A = L Lᵀ`, row-major in a square of `size` × `size`.
#[derive(Debug, Clone)]
pub(super) struct Cholesky {
    size: usize,
    rows: Vec<f64>,
}

impl Cholesky {
    /// Factors the matrix whose lower triangle is given row-major in a full square; `None` unless it is positive
    /// definite.
    pub(super) fn new(mut rows: Vec<f64>, size: usize) -> Option<Self> {
        vectorised(
            #[inline(always)]
            || Self::factor(&mut rows, size),
        )?;
        Some(Self { size, rows })
    }

    #[inline(always)]
    fn factor(rows: &mut [f64], size: usize) -> Option<()> {
        for i in 0..size {
            let (above, row) = rows.split_at_mut(i * size);
            for j in 0..i {
                let other = &above[j * size..j * size + j + 1];
                row[j] = (row[j] - dot(&row[..j], &other[..j])) / other[j];
            }
            let pivot = row[i] - dot(&row[..i], &row[..i]);
            if pivot.is_nan() || pivot <= 0.0 {
                return None;
            }
            row[i] = pivot.sqrt();
        }
        Some(())
    }

    #[inline(always)]
    fn row(&self, i: usize) -> &[f64] {
        &self.rows[i * self.size..i * self.size + i + 1]
    }

    /// Half of the log-determinant of `A`.
    pub(super) fn half_log_determinant(&self) -> f64 {
        (0..self.size).map(|i| ln(self.row(i)[i])).sum()
    }

    /// `L⁻¹ b`, in place.
    pub(super) fn solve_lower(&self, b: &mut [f64]) {
        vectorised(
            #[inline(always)]
            || {
                for i in 0..self.size {
                    let row = self.row(i);
                    b[i] = (b[i] - dot(&row[..i], &b[..i])) / row[i];
                }
            },
        );
    }

    /// `A⁻¹ b`.
    pub(super) fn solve(&self, b: &[f64]) -> Vec<f64> {
        let mut x = b.to_vec();
        self.solve_lower(&mut x);
        for i in (0..self.size).rev() {
            let row = self.row(i);
            x[i] /= row[i];
            let known = x[i];
            for (x, l) in x[..i].iter_mut().zip(row) {
                *x -= l * known;
            }
        }
        x
    }

    /// The lower triangle of `A⁻¹`, row-major in a full square.
    pub(super) fn inverse(&self) -> Vec<f64> {
        vectorised(
            #[inline(always)]
            || self.inverse_by_rows(),
        )
    }

    #[inline(always)]
    fn inverse_by_rows(&self) -> Vec<f64> {
        let n = self.size;
        // Row c holds column c of L⁻¹, so that both passes below run along rows.
        let mut columns = vec![0.0; n * n];
        for c in 0..n {
            let column = &mut columns[c * n..(c + 1) * n];
            column[c] = 1.0 / self.row(c)[c];
            for i in c + 1..n {
                let row = self.row(i);
                column[i] = -dot(&row[c..i], &column[c..i]) / row[i];
            }
        }
        let mut inverse = vec![0.0; n * n];
        for i in 0..n {
            for j in 0..=i {
                inverse[i * n + j] = dot(&columns[i * n + i..(i + 1) * n], &columns[j * n + i..(j + 1) * n]);
            }
        }
        inverse
    }
}

/// The inner product, as eight running sums: an order that is the same on every machine.
#[inline(always)]
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let (a_blocks, a_rest) = a.as_chunks::<8>();
    let (b_blocks, b_rest) = b.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for (a, b) in a_blocks.iter().zip(b_blocks) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f64>() + rest
}
