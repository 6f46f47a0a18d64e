//! The learning-rate curve against transformers.

use super::shared;
use crate::optim::Schedule;

#[test]
fn parity_of_the_schedule() {
    #[derive(serde::Deserialize)]
    struct Curve {
        total_steps: usize,
        warmup_ratio: f64,
        warmup_steps: usize,
        factors: Vec<f64>,
    }
    let Some(dir) = shared("PEDIGREE_PARITY", "parity") else { return };
    let text = std::fs::read_to_string(dir.join("schedule.json")).unwrap();
    for curve in serde_json::from_str::<Vec<Curve>>(&text).unwrap() {
        let ours = Schedule::new(curve.total_steps, curve.warmup_ratio);
        assert_eq!(
            ours.factor(curve.warmup_steps.min(curve.total_steps - 1)),
            curve.factors[curve.warmup_steps]
        );
        for (step, factor) in curve.factors.iter().enumerate() {
            assert!((ours.factor(step) - factor).abs() < 1e-12, "{step} of {}", curve.total_steps);
        }
    }
}
