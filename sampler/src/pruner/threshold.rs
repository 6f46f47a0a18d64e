//! Prunes a trial whose value leaves the bounds: Optuna's `ThresholdPruner`.

use super::track::Track;

/// Prunes when the newest value lies outside the bounds or is no number.
pub(super) fn decide(lower: Option<f64>, upper: Option<f64>, warmup: u32, trial: &Track) -> Option<String> {
    let (step, value) = trial.last()?;
    if step <= warmup {
        return None;
    }
    if value.is_nan() {
        return Some(format!("the value at epoch {step} is no number"));
    }
    if let Some(lower) = lower.filter(|lower| value < *lower) {
        return Some(format!("{value:.4} at epoch {step} is below {lower}"));
    }
    let upper = upper.filter(|upper| value > *upper)?;
    Some(format!("{value:.4} at epoch {step} is above {upper}"))
}

#[cfg(test)]
mod tests {
    use super::super::track::tests::track;
    use super::*;

    #[test]
    fn values_outside_the_bounds_and_nan_are_pruned() {
        let low = |values: &[f64]| decide(Some(0.2), None, 1, &track(1, values));
        assert_eq!(low(&[0.1]), None);
        assert_eq!(low(&[0.1, 0.1]).unwrap(), "0.1000 at epoch 2 is below 0.2");
        assert_eq!(low(&[0.1, 0.2]), None);
        let high = decide(None, Some(2.0), 0, &track(1, &[2.5]));
        assert_eq!(high.unwrap(), "2.5000 at epoch 1 is above 2");
        let nan = decide(None, None, 0, &track(1, &[0.3, f64::NAN]));
        assert_eq!(nan.unwrap(), "the value at epoch 2 is no number");
    }
}
