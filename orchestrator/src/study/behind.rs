//! Whether a study's final runs kept what its best trial promised.
//!
//! Pure. The best of many trials is high partly by luck, so its configuration, trained once more, mostly does worse. More
//! than the final runs differ among themselves deserves a sentence.

use pedigree_protocol::objective::Goal;

/// How far one final run may fall behind, where the study states no margin and there is no spread.
const ALLOWED: f64 = 0.02;

/// The sentence about final runs whose mean falls behind the best trial by more than `margin`, or where the study states
/// none, by more than the range of the final runs' values; [`ALLOWED`] for a single one.
pub(crate) fn behind(best: f64, finals: &[f64], goal: Goal, margin: Option<f64>) -> Option<String> {
    if finals.is_empty() {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "a handful of runs")]
    let mean = finals.iter().sum::<f64>() / finals.len() as f64;
    let gap = if goal == Goal::Maximize { best - mean } else { mean - best };
    let most = finals.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let least = finals.iter().copied().fold(f64::INFINITY, f64::min);
    let (allowed, measure) = match margin {
        Some(margin) => (margin, format!("the study allows {margin}")),
        None if finals.len() > 1 => (most - least, format!("its seeds spread over {:.4}", most - least)),
        None => (ALLOWED, format!("more than {ALLOWED} is worth a look")),
    };
    (gap > allowed).then(|| {
        let what = if finals.len() == 1 {
            "the final run reaches".to_owned()
        } else {
            format!("{} final runs reach", finals.len())
        };
        let mean_of = if finals.len() == 1 { "" } else { " in the mean" };
        format!("{what} {mean:.4} on dev{mean_of}, {gap:.4} worse than the best trial's {best:.4}; {measure}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn higher(best: f64, finals: &[f64], margin: Option<f64>) -> Option<String> {
        behind(best, finals, Goal::Maximize, margin)
    }

    #[test]
    fn one_final_run_is_measured_by_the_usual_margin_several_by_their_own_spread() {
        assert_eq!(higher(0.8, &[], None), None);
        assert_eq!(higher(0.8, &[0.79], None), None);
        assert_eq!(higher(0.8, &[0.9], None), None);
        let sentence = higher(0.21, &[0.0], None).unwrap();
        assert_eq!(
            sentence,
            "the final run reaches 0.0000 on dev, 0.2100 worse than the best trial's 0.2100; more than 0.02 is worth a look"
        );
        assert_eq!(higher(0.8, &[0.81, 0.7], None), None, "0.045 behind, a spread of 0.11");
        let sentence = higher(0.8, &[0.71, 0.7], None).unwrap();
        assert!(
            sentence.starts_with("2 final runs reach 0.7050 on dev in the mean, 0.0950 worse"),
            "{sentence}"
        );
        assert!(sentence.ends_with("its seeds spread over 0.0100"), "{sentence}");
    }

    #[test]
    fn a_stated_margin_and_the_goal_count() {
        assert_eq!(higher(0.8, &[0.75], Some(0.06)), None);
        assert!(higher(0.8, &[0.75], Some(0.01)).unwrap().ends_with("the study allows 0.01"));
        assert!(behind(0.2, &[0.3], Goal::Minimize, None).is_some());
        assert_eq!(behind(0.2, &[0.1], Goal::Minimize, None), None);
    }
}
