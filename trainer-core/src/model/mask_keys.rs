//! The keys of dropout masks.

use super::operand::Mask;
use crate::rng::Draws;

/// Keys for the dropout masks of one forward pass, in the order of its layers; `None` in evaluation.
pub(crate) type MaskKeys<'a> = Option<&'a mut Draws>;

/// The next mask of a forward pass.
pub(super) fn next_mask(keys: &mut MaskKeys<'_>, probability: f64) -> Option<Mask> {
    keys.as_mut().and_then(|keys| Mask::new(probability, keys.bits()))
}
