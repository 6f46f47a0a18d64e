//! The factor on the loss that keeps gradients of f16 from vanishing (Micikevicius et al. 2018, section 3.2).

use serde::{Deserialize, Serialize};

/// The first factor. A power of two changes only the exponent's bits.
const START: f64 = 65_536.0;
/// The factor doubles after this many steps in a row without an overflow.
const PATIENCE: u32 = 2_000;

/// A factor that halves when a gradient overflows, and doubles after many steps without an overflow.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct LossScale {
    factor: f64,
    good: u32,
    /// Steps that were skipped.
    #[serde(default)]
    skipped: u32,
}

/// What to do with a step's gradients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Use them. Gradients that are not finite even at the smallest factor are the caller's to report.
    Use,
    /// Skip the step: a smaller factor may help.
    Skip,
}

impl Default for LossScale {
    fn default() -> Self {
        Self { factor: START, good: 0, skipped: 0 }
    }
}

impl LossScale {
    /// What the loss is multiplied by.
    pub(crate) fn factor(self) -> f64 {
        self.factor
    }

    /// Steps that overflowed and moved nothing.
    pub(crate) fn skipped(self) -> usize {
        self.skipped as usize
    }

    /// Adapts the factor to whether a step's gradients were finite.
    pub(crate) fn after(&mut self, finite: bool) -> Verdict {
        if finite {
            self.good += 1;
            if self.good == PATIENCE {
                *self = Self { factor: self.factor * 2.0, good: 0, ..*self };
            }
            return Verdict::Use;
        }
        let smallest = self.factor <= 1.0;
        *self = Self {
            factor: (self.factor / 2.0).max(1.0),
            good: 0,
            skipped: self.skipped + u32::from(!smallest),
        };
        if smallest { Verdict::Use } else { Verdict::Skip }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_on_overflow_and_doubles_after_many_finite_steps() {
        let mut scale = LossScale::default();
        assert_eq!(scale.after(false), Verdict::Skip);
        assert_eq!(scale.factor(), 32_768.0);
        assert!((0..2_000).all(|_| scale.after(true) == Verdict::Use));
        assert_eq!(scale.factor(), 65_536.0);
        // At 1 no smaller factor can help: the caller's own check reports the fault.
        assert_eq!((0..17).filter(|_| scale.after(false) == Verdict::Use).count(), 1);
        assert_eq!(scale.factor(), 1.0);
        assert_eq!(scale.skipped(), 17);
    }
}
