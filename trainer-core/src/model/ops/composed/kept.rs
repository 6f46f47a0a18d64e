//! Dropout whose mask is drawn once and kept for the backward.

use candle_core::{Result, Tensor};

use crate::model::operand::Mask;
use crate::model::ops::by_hand::of_one;
use crate::model::ops::masked::masked;

/// Which elements dropout keeps: drawn once, kept in bytes for the backward.
#[derive(Clone)]
pub(super) struct Kept {
    /// 1 where an element is kept.
    kept: Tensor,
    scale: f64,
}

impl Kept {
    pub(super) fn draw(mask: Option<Mask>, like: &Tensor) -> Result<Option<Self>> {
        let draw = |mask: Mask| {
            let kept = if like.device().is_cpu() {
                let ones = masked(mask, &vec![1.0; like.elem_count()]);
                Tensor::from_vec(ones, like.shape(), like.device())?.gt(0f32)?
            } else {
                drawn(like)?.ge(mask.probability())?
            };
            Ok(Self { kept, scale: mask.scale() })
        };
        mask.map(draw).transpose()
    }

    pub(super) fn apply(kept: Option<&Self>, x: &Tensor) -> Result<Tensor> {
        match kept {
            Some(Self { kept, scale }) => x * (kept.to_dtype(x.dtype())? * *scale)?,
            None => Ok(x.clone()),
        }
    }
}

/// Uniform in [0, 1), by the device's own generator, which the model has seeded.
#[expect(clippy::disallowed_methods, reason = "never on the CPU, whose generator cannot be seeded")]
fn drawn(like: &Tensor) -> Result<Tensor> {
    Tensor::rand(0f32, 1f32, like.shape(), like.device())
}

/// As [`crate::model::ops::dropout`].
pub(in crate::model::ops) fn dropout(x: &Tensor, mask: Mask) -> Result<Tensor> {
    let kept = Kept::draw(Some(mask), x)?;
    let value = Kept::apply(kept.as_ref(), &x.detach())?;
    of_one(x, &value, move |_, gradient| Ok([Some(Kept::apply(kept.as_ref(), gradient)?)]))
}
