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

/// The seed of a trial's training.
///
/// Never negative, and small enough for every JSON reader.
pub fn training_seed(study_seed: u64, number: u32) -> i64 {
    json_safe(digest(&[b"training", &study_seed.to_le_bytes(), &number.to_le_bytes()]))
}

/// The seed of a final run's training; final runs are numbered from 1.
///
/// Never negative, and small enough for every JSON reader.
pub fn final_seed(study_seed: u64, replicate: u32) -> i64 {
    let study_seed = study_seed.to_le_bytes();
    json_safe(match replicate {
        // The seed of the one final run that studies had at first.
        1 => digest(&[b"training", &study_seed, b"final"]),
        _ => digest(&[b"training", &study_seed, b"final", &replicate.to_le_bytes()]),
    })
}

fn json_safe(hash: [u8; 32]) -> i64 {
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
        let finals = (1..100).map(|replicate| final_seed(7, replicate));
        let seeds: Vec<i64> = (0..100).map(|number| training_seed(7, number)).chain(finals).collect();
        let distinct: std::collections::BTreeSet<_> = seeds.iter().collect();
        assert_eq!(distinct.len(), seeds.len());
        assert!(seeds.iter().all(|s| (0..1 << JSON_SAFE_BITS).contains(s)));
    }

    /// A recorded study must stay replayable: these numbers never change.
    #[test]
    fn the_tree_is_frozen() {
        let draw = Seeds::new(0, 0).child("draw", "lr").random::<u64>();
        assert_eq!(final_seed(0, 1), 2_439_527_955_137_259);
        assert_eq!(training_seed(0, 0), 6_307_404_265_733_759);
        assert_eq!(draw, 8_402_074_134_638_426_990);
    }
}
