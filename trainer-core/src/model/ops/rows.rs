//! Some rows of a tensor.

use candle_core::{Result, Tensor};

use super::composed;
use super::cpu::is_fused;

/// The rows `index` (`[m]`, no row twice) of `x` `[rows, width]`.
pub(crate) fn rows(x: &Tensor, index: &Tensor) -> Result<Tensor> {
    if is_fused(x) { x.index_select(index, 0) } else { composed::rows(x, index) }
}
