//! Which pieces are to be predicted, and what replaces them (Devlin et al. 2019, section 3.1; drawn again each epoch as in
//! Liu et al. 2019, section 4.1).

use crate::rng::Draws;
use crate::step::{Example, Target};

/// Share of the pieces to predict that become the mask piece.
const MASKED: f64 = 0.8;
/// Share that become a random piece; the rest stay.
const RANDOM: f64 = 0.1;

/// The pieces of a vocabulary that masking must know.
#[derive(Debug, Clone)]
pub(super) struct Vocabulary {
    /// `[MASK]`.
    pub(super) mask: u32,
    /// All pieces.
    pub(super) size: usize,
    /// Pieces that are never predicted.
    pub(super) special: [u32; 2],
}

/// A sequence with some pieces replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Masked {
    /// What the model is shown.
    pub(super) ids: Vec<u32>,
    /// The pieces to predict: where they are, and what they were.
    pub(super) targets: Vec<Target>,
}

impl Masked {
    /// For a step.
    pub(super) fn example(&self) -> Example<'_> {
        Example { ids: &self.ids, targets: self.targets.clone() }
    }

    /// Masks each piece but special ones with probability `share`.
    pub(super) fn new(ids: &[u32], share: f64, vocabulary: &Vocabulary, draws: &mut Draws) -> Self {
        let mut shown = ids.to_vec();
        let mut targets = Vec::new();
        for (position, (id, shown)) in ids.iter().zip(&mut shown).enumerate() {
            if vocabulary.special.contains(id) || draws.unit() >= share {
                continue;
            }
            targets.push(Target { position: position as u32, class: *id });
            let what = draws.unit();
            if what < MASKED {
                *shown = vocabulary.mask;
            } else if what < MASKED + RANDOM {
                *shown = draws.below(vocabulary.size) as u32;
            }
        }
        Self { ids: shown, targets }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Seeds;

    #[test]
    fn shares_are_those_of_the_paper_and_special_pieces_stay() {
        let vocabulary = Vocabulary { mask: 4, size: 1000, special: [2, 3] };
        let ids: Vec<u32> = (0..60_000).map(|at| if at % 10 == 0 { 2 } else { 500 }).collect();
        let masked = Masked::new(&ids, 0.15, &vocabulary, &mut Seeds::root(1).draws());
        assert!(masked.targets.iter().all(|target| target.class == 500));
        let count = masked.targets.len() as f64;
        assert!((count / 54_000.0 - 0.15).abs() < 0.006, "{count}");
        let of = |wanted: &dyn Fn(u32) -> bool| {
            let shown = masked.targets.iter().filter(|at| wanted(masked.ids[at.position as usize]));
            shown.count() as f64 / count
        };
        let (mask, kept) = (of(&|id| id == 4), of(&|id| id == 500));
        assert!((mask - 0.8).abs() < 0.015 && (kept - 0.1).abs() < 0.015, "{mask} {kept}");
        let untouched = ids.iter().zip(&masked.ids).filter(|(a, b)| a != b).count() as f64;
        assert!((untouched / count - 0.9).abs() < 0.015, "only targets change");
        let again = Masked::new(&ids, 0.15, &vocabulary, &mut Seeds::root(1).draws());
        assert_eq!(masked, again);
        assert_ne!(masked, Masked::new(&ids, 0.15, &vocabulary, &mut Seeds::root(2).draws()));
    }
}
