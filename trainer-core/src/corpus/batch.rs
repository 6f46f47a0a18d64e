//! The order of training windows: batches of similar length, in a seeded order that changes each epoch.
//!
//! Owns the bucketing. Must not know what the windows hold.

use crate::rng::Draws;

/// Batches per mega-batch. Windows are sorted by length only within a mega-batch.
const MEGA: usize = 50;

/// Indices of windows, batch by batch. They are shuffled, cut into mega-batches, sorted by length within each, and cut
/// into batches, which are shuffled again. Only one batch may be smaller than `size`.
pub(crate) fn bucketed(lengths: &[usize], size: usize, draws: &mut Draws) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..lengths.len()).collect();
    draws.shuffle(&mut order);
    for mega in order.chunks_mut(size.saturating_mul(MEGA)) {
        mega.sort_by_key(|&at| std::cmp::Reverse(lengths[at]));
    }
    let mut batches: Vec<Vec<usize>> = order.chunks(size).map(<[usize]>::to_vec).collect();
    draws.shuffle(&mut batches);
    batches
}

/// Indices of windows sorted by length, batch by batch: for evaluation, where the order changes nothing else.
pub(crate) fn sorted(lengths: &[usize], size: usize) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..lengths.len()).collect();
    order.sort_by_key(|&at| lengths[at]);
    order.chunks(size).map(<[usize]>::to_vec).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rng::Seeds;

    proptest! {
        #[test]
        fn each_window_once_and_the_seed_decides(lengths in prop::collection::vec(1usize..99, 1..300), size in 1usize..9) {
            let of = |seed| bucketed(&lengths, size, &mut Seeds::root(seed).draws());
            let batches = of(3);
            prop_assert_eq!(batches.len(), lengths.len().div_ceil(size));
            let mut seen: Vec<usize> = batches.iter().flatten().copied().collect();
            seen.sort_unstable();
            prop_assert_eq!(seen, (0..lengths.len()).collect::<Vec<_>>());
            prop_assert_eq!(of(3), batches);
        }
    }

    #[test]
    fn batches_are_of_like_length() {
        let mut draws = Seeds::root(2).draws();
        let lengths: Vec<usize> = (0..1_000).map(|_| 5 + draws.below(60)).collect();
        let padded = |batches: &[Vec<usize>]| {
            batches.iter().map(|b| b.len() * b.iter().map(|&i| lengths[i]).max().unwrap()).sum::<usize>()
        };
        let real: usize = lengths.iter().sum();
        assert!((padded(&bucketed(&lengths, 16, &mut draws)) as f64) < 1.05 * real as f64);
        assert!((padded(&sorted(&lengths, 16)) as f64) < 1.05 * real as f64);
    }
}
