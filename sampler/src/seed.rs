//! The tree of seeds: every draw of a study comes from a generator that is named for its use.
//!
//! A generator depends only on (study seed, trial number, label), so drawing more in one place never changes another.
//! Training seeds have a branch of their own. This module knows nothing of what is drawn.

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::SeedableRng;
use sha2::{Digest, Sha256};

/// Whole numbers below this survive every JSON reader.
const JSON_SAFE_BITS: u32 = 53;

/// The seeds of one suggestion.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seeds {
    study_seed: u64,
    number: u32,
}

impl Seeds {
    pub(crate) fn new(study_seed: u64, number: u32) -> Self {
        Self { study_seed, number }
    }

    /// The generator with that label; all suggestions of the study share it.
    pub(crate) fn study(self, label: &str) -> ChaCha12Rng {
        ChaCha12Rng::from_seed(digest(&[b"study", &self.study_seed.to_le_bytes(), label.as_bytes()]))
    }

    /// The suggestion's generator for a use (`uniform`, `component`, `draw`) and a dimension.
    pub(crate) fn child(self, label: &str, name: &str) -> ChaCha12Rng {
        ChaCha12Rng::from_seed(digest(&[
            b"suggestion",
            &self.study_seed.to_le_bytes(),
            &self.number.to_le_bytes(),
            label.as_bytes(),
            name.as_bytes(),
        ]))
    }
}

/// The seed of a trial's training, or of the final run's where `number` is `None`.
///
/// Never negative, and small enough for every JSON reader.
pub fn training_seed(study_seed: u64, number: Option<u32>) -> i64 {
    let number = number.map(u32::to_le_bytes);
    let hash =
        digest(&[b"training", &study_seed.to_le_bytes(), number.as_ref().map_or(b"final", |n| n.as_slice())]);
    let mut head = [0; 8];
    head.copy_from_slice(&hash[..8]);
    (u64::from_le_bytes(head) >> (u64::BITS - JSON_SAFE_BITS)).cast_signed()
}

/// The generator of the significance test with that label.
pub(crate) fn significance_generator(seed: u64, label: &str) -> ChaCha12Rng {
    ChaCha12Rng::from_seed(digest(&[b"significance", &seed.to_le_bytes(), label.as_bytes()]))
}

/// SHA-256 over the parts. Each part's length comes before it, so that two different lists never give the same bytes.
fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(b"pedigree seed tree 1");
    for part in parts {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngExt;

    #[test]
    fn a_child_depends_on_each_part_of_its_name_and_on_nothing_else() {
        let first = |seed, number, label, name| Seeds::new(seed, number).child(label, name).random::<u64>();
        let base = first(1, 2, "draw", "lr");
        assert_eq!(base, first(1, 2, "draw", "lr"));
        for other in [
            first(2, 2, "draw", "lr"),
            first(1, 3, "draw", "lr"),
            first(1, 2, "component", "lr"),
            first(1, 2, "draw", "r"),
            first(1, 2, "drawl", "r"),
        ] {
            assert_ne!(base, other);
        }
    }

    #[test]
    fn training_seeds_differ_by_trial_and_fit_json() {
        let seeds: Vec<i64> = (0..100).map(Some).chain([None]).map(|n| training_seed(7, n)).collect();
        let distinct: std::collections::BTreeSet<_> = seeds.iter().collect();
        assert_eq!(distinct.len(), seeds.len());
        assert!(seeds.iter().all(|s| (0..1 << JSON_SAFE_BITS).contains(s)));
    }

    /// A recorded study must stay replayable: these numbers never change.
    #[test]
    fn the_tree_is_frozen() {
        let draw = Seeds::new(0, 0).child("draw", "lr").random::<u64>();
        assert_eq!(training_seed(0, None), 2_439_527_955_137_259);
        assert_eq!(training_seed(0, Some(0)), 6_307_404_265_733_759);
        assert_eq!(draw, 8_402_074_134_638_426_990);
    }
}
