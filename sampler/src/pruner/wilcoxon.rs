//! Prunes a trial that is significantly worse than the best one, step by step: Wilcoxon's signed-rank test, after Optuna's
//! `WilcoxonPruner`.
//!
//! Up to [`EXACT`] pairs the p-value is exact given the ranks, ties and zeros included; with more pairs it is the normal
//! approximation. Zeros count half on each side (`zsplit` in SciPy).

use pedigree_protocol::objective::Goal;
use statrs::distribution::{ContinuousCDF, Normal};

use super::track::{Track, is_better, order};

/// Up to this many pairs, all combinations of signs are counted.
const EXACT: usize = 50;

/// Prunes when the trial is behind the best completed one, at the steps that both have, with a p-value below `p`. A trial
/// whose mean is better is not pruned.
pub(super) fn decide(
    p: f64,
    startup_steps: u32,
    goal: Goal,
    trial: &Track,
    others: &[Track],
) -> Option<String> {
    let completed = others.iter().filter_map(|other| Some((other.completed?, other)));
    let (_, leader) = completed.min_by(|(a, x), (b, y)| order(*a, *b, goal).then(x.number.cmp(&y.number)))?;
    let losses: Vec<f64> = trial
        .reports
        .iter()
        .filter_map(|(step, value)| Some(loss(*value, *leader.reports.get(step)?, goal)))
        .filter(|loss| loss.is_finite())
        .collect();
    if losses.len() < startup_steps as usize || losses.is_empty() {
        return None;
    }
    let reached = greater(&losses);
    if reached >= p || is_better(mean(trial), mean(leader), goal) {
        return None;
    }
    Some(format!("it is behind trial {} over {} epochs (p = {reached:.3})", leader.number, losses.len()))
}

/// How much worse a value is than the other.
fn loss(value: f64, than: f64, goal: Goal) -> f64 {
    if goal == Goal::Maximize { than - value } else { value - than }
}

fn mean(track: &Track) -> f64 {
    track.reports.values().sum::<f64>() / track.reports.len() as f64
}

/// The p-value of the alternative that the differences lie above 0.
fn greater(differences: &[f64]) -> f64 {
    let ranks = doubled_ranks(differences);
    let zeros: usize = differences.iter().zip(&ranks).filter(|(d, _)| **d == 0.0).map(|(_, r)| r).sum();
    let signed: Vec<(f64, usize)> =
        differences.iter().copied().zip(ranks).filter(|(d, _)| *d != 0.0).collect();
    let positive: usize = signed.iter().filter(|(d, _)| *d > 0.0).map(|(_, rank)| rank).sum();
    let ranks: Vec<usize> = signed.iter().map(|(_, rank)| *rank).collect();
    // Zeros give half of their ranks to either side under every sign, so they drop out of the comparison.
    tail(&ranks, positive, zeros)
}

/// Twice the ranks of the absolute values. Equal values share their mean rank.
fn doubled_ranks(differences: &[f64]) -> Vec<usize> {
    let below = |d: f64| differences.iter().filter(|other| other.abs() < d.abs()).count();
    let equal = |d: f64| differences.iter().filter(|other| other.abs() == d.abs()).count();
    differences.iter().map(|d| 2 * below(*d) + equal(*d) + 1).collect()
}

/// The probability, over all combinations of signs, that the sum of (doubled) ranks is at least `positive`.
fn tail(ranks: &[usize], positive: usize, zeros: usize) -> f64 {
    let total: usize = ranks.iter().sum();
    if ranks.len() > EXACT {
        let variance = ranks.iter().map(|r| (*r * *r) as f64).sum::<f64>() / 4.0;
        let z = (positive as f64 - total as f64 / 2.0) / variance.sqrt();
        return Normal::standard().sf(z);
    }
    if ranks.is_empty() {
        // Only zeros: no difference at all.
        debug_assert!(zeros > 0 || total == 0);
        return 1.0;
    }
    let mut chances = vec![0.0; total + 1];
    chances[0] = 1.0;
    for &rank in ranks {
        for sum in (0..=total).rev() {
            let with = if sum >= rank { chances[sum - rank] } else { 0.0 };
            chances[sum] = 0.5 * (chances[sum] + with);
        }
    }
    chances[positive..].iter().sum()
}

#[cfg(test)]
mod tests {
    use super::super::track::tests::{completed, track};
    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-12
    }

    #[test]
    fn p_values_by_hand() {
        // All n positive: one of 2^n signs.
        assert!(close(greater(&[1.0, 2.0, 3.0]), 1.0 / 8.0));
        assert!(close(greater(&[0.5, 0.1, 0.2, 0.9]), 1.0 / 16.0));
        // Ranks 1, 2, 3 with the smallest negative: sums 5 and 6 of eight.
        assert!(close(greater(&[-1.0, 2.0, 3.0]), 2.0 / 8.0));
        // All negative: every sum is at least 0.
        assert!(close(greater(&[-1.0, -2.0]), 1.0));
        // Ties: doubled ranks 3, 3; both positive is one of four.
        assert!(close(greater(&[1.0, 1.0]), 0.25));
        assert!(close(greater(&[0.0, 0.0]), 1.0));
        // A zero takes the lowest rank and decides nothing: ranks 2, 3 both positive.
        assert!(close(greater(&[0.0, 1.0, 2.0]), 0.25));
    }

    /// `scipy.stats.wilcoxon(range(1, 52), alternative="greater", method="approx")`: z = sum / 2 over sqrt(sum of squares) / 2.
    #[test]
    fn beyond_fifty_pairs_the_normal_distribution_is_near() {
        let signs: Vec<f64> =
            (1..=60).map(|i| if i % 3 == 0 { -f64::from(i) } else { f64::from(i) }).collect();
        let near = greater(&signs);
        let exact = {
            let ranks: Vec<usize> = (1..=60).map(|i| 2 * i).collect();
            let mut chances = vec![0.0; 2 * 1830 + 1];
            chances[0] = 1.0;
            for rank in ranks {
                for sum in (0..chances.len()).rev() {
                    let with = if sum >= rank { chances[sum - rank] } else { 0.0 };
                    chances[sum] = 0.5 * (chances[sum] + with);
                }
            }
            let positive: usize = (1..=60).filter(|i| i % 3 != 0).map(|i| 2 * i).sum();
            chances[positive..].iter().sum::<f64>()
        };
        assert!((near - exact).abs() < 0.002, "{near} {exact}");
    }

    #[test]
    fn the_best_trial_is_the_measure() {
        let others =
            [completed(1, &[0.5, 0.5, 0.5, 0.5]), completed(2, &[0.6, 0.7, 0.8, 0.9]), track(3, &[1.0])];
        let ask = |values: &[f64], startup| decide(0.1, startup, Goal::Maximize, &track(9, values), &others);
        // Three pairs can reach 1/8 at best, four 1/16.
        assert_eq!(ask(&[0.1, 0.2, 0.3], 2), None);
        let sentence = ask(&[0.1, 0.2, 0.3, 0.4], 2).unwrap();
        assert_eq!(sentence, "it is behind trial 2 over 4 epochs (p = 0.062)");
        assert_eq!(ask(&[0.1, 0.2, 0.3, 0.4], 5), None);
        assert_eq!(ask(&[0.61, 0.71, 0.81, 0.91], 2), None);
        assert_eq!(decide(0.1, 2, Goal::Maximize, &track(9, &[0.1; 9]), &others[2..]), None);
    }

    #[test]
    fn a_better_mean_is_not_pruned() {
        // The leader by value has a poor mean over its later epochs.
        let leader = completed(1, &[0.9, 0.0, 0.0, 0.0, 0.0, 0.0]);
        let trial = track(2, &[0.8]);
        assert_eq!(decide(0.6, 1, Goal::Maximize, &trial, &[leader]), None);
    }
}
