//! Some rows of a tensor.

use candle_core::{Result, Tensor};

use crate::model::ops::by_hand::of_one;

/// The rows `index` (`[m]`, no row twice) of `x`. candle's own backward adds row after row.
pub(in crate::model::ops) fn rows(x: &Tensor, index: &Tensor) -> Result<Tensor> {
    let value = x.detach().index_select(index, 0)?;
    let index = index.clone();
    of_one(x, &value, move |[x], gradient| {
        let (chosen, count) = (index.to_vec1::<u32>()?, index.elem_count() as u32);
        // Where each row of x went. The row after the last gradient is zero.
        let mut places = vec![count; x.dim(0)?];
        chosen.iter().zip(0..).for_each(|(row, place)| places[*row as usize] = place);
        let zero = Tensor::zeros((1, x.dim(1)?), gradient.dtype(), gradient.device())?;
        let places = Tensor::from_vec(places, x.dim(0)?, x.device())?;
        Ok([Some(Tensor::cat(&[gradient, &zero], 0)?.index_select(&places, 0)?)])
    })
}
