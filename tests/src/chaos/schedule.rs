//! From a seed to faults and their times. Pure.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use rand::RngExt;
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::chaos::arena::EACH;
use crate::chaos::fault::{Fault, Target};
use crate::chaos::link::Breakage;

/// The span in which faults begin, milliseconds.
const BEGIN: std::ops::Range<u64> = 200..3500;
/// How long a fault may last, milliseconds: below and far above the leases' two seconds.
const LASTS: std::ops::Range<u64> = 50..4500;
/// Between two faults of one target, milliseconds.
const PAUSE: u64 = 150;

/// A fault, when it begins, and how long it lasts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// From the study's creation to the fault's beginning.
    pub at: Duration,
    /// From the fault's beginning to its end.
    pub lasts: Duration,
    /// What happens.
    pub fault: Fault,
}

/// Everything that happens to a study.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// What it was made from.
    pub seed: u64,
    /// How far the clock of each worker is off, seconds.
    pub skews: [i64; EACH],
    /// The faults, by their beginning.
    pub steps: Vec<Step>,
}

impl Schedule {
    /// The schedule of a seed.
    pub fn of_seed(seed: u64) -> Self {
        let mut rng = ChaCha12Rng::seed_from_u64(seed);
        let skews = std::array::from_fn(|_| skew(&mut rng));
        let mut free_from: HashMap<Target, u64> = HashMap::new();
        let mut steps: Vec<Step> = (0..rng.random_range(3..9))
            .map(|_| {
                let fault = fault(&mut rng);
                let lasts = lasting(&mut rng, fault);
                let free = free_from.entry(fault.target()).or_default();
                let at = rng.random_range(BEGIN).max(*free);
                *free = at + lasts + PAUSE;
                Step { at: Duration::from_millis(at), lasts: Duration::from_millis(lasts), fault }
            })
            .collect();
        steps.sort_by_key(|step| step.at);
        Self { seed, skews, steps }
    }

    /// The same schedule without faults: what a study does when it is left alone.
    #[must_use]
    pub fn calm(self) -> Self {
        Self { steps: Vec::new(), ..self }
    }
}

/// Half of the workers have a right clock; the others are off by up to a week in either direction.
fn skew(rng: &mut ChaCha12Rng) -> i64 {
    const WEEK: i64 = 7 * 24 * 3600;
    if rng.random_bool(0.5) { 0 } else { rng.random_range(-WEEK..WEEK) }
}

fn fault(rng: &mut ChaCha12Rng) -> Fault {
    let one = rng.random_range(0..EACH);
    match rng.random_range(0..20) {
        0 => Fault::KillWorker(one),
        1 => Fault::FreezeWorker(one),
        2 => Fault::DrainWorker(one),
        3 => Fault::KillCoordinator(one),
        4 => Fault::FreezeCoordinator(one),
        5 => Fault::RestartCoordinator(one),
        6 => Fault::KillTrainer(one),
        7 => Fault::FreezeTrainer(one),
        8 => Fault::TerminateTrainer(one),
        9 => Fault::KillPostgres,
        10 => Fault::KillBackend,
        11 => Fault::FreezePostgres,
        12 => Fault::RestartPostgres,
        13..=15 => Fault::BreakWorkerLink(one, breakage(rng)),
        16..=17 => Fault::BreakDatabaseLink(one, breakage(rng)),
        18 => Fault::FillDisk,
        _ => Fault::KillBothCoordinators,
    }
}

fn breakage(rng: &mut ChaCha12Rng) -> Breakage {
    match rng.random_range(0..6) {
        0 => Breakage::Delay(Duration::from_millis(rng.random_range(20..900))),
        1 => Breakage::Slow { bytes_per_second: rng.random_range(500..20_000) },
        2 => Breakage::Cut,
        3 => Breakage::HalfOpen,
        4 => Breakage::AnswersLost,
        _ => Breakage::Vanish,
    }
}

/// Short faults are as likely as long ones, whatever the scale.
fn lasting(rng: &mut ChaCha12Rng, fault: Fault) -> u64 {
    if !fault.lasts() {
        return 0;
    }
    #[expect(clippy::cast_precision_loss, reason = "milliseconds")]
    let (low, high) = ((LASTS.start as f64).ln(), (LASTS.end as f64).ln());
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the range")]
    let drawn = rng.random_range(low..high).exp() as u64;
    drawn
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}; clocks of the workers off by {:?} s", self.seed, self.skews)?;
        for Step { at, lasts, fault } in &self.steps {
            write!(f, "  at {:>5} ms ", at.as_millis())?;
            match lasts.as_millis() {
                0 => write!(f, "                  ")?,
                lasts => write!(f, "for {lasts:>5} ms      ")?,
            }
            writeln!(f, "{fault}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_seed_gives_the_same_schedule_and_another_seed_another() {
        assert_eq!(Schedule::of_seed(7), Schedule::of_seed(7));
        let schedules: HashSet<String> =
            (0..100).map(|seed| format!("{:?}", Schedule::of_seed(seed).steps)).collect();
        assert_eq!(schedules.len(), 100);
    }

    #[test]
    fn faults_of_one_target_never_overlap() {
        for schedule in (0..500).map(Schedule::of_seed) {
            let mut free: HashMap<Target, Duration> = HashMap::new();
            for step in &schedule.steps {
                let free = free.entry(step.fault.target()).or_default();
                assert!(step.at >= *free, "{schedule}");
                *free = step.at + step.lasts;
            }
        }
    }

    #[test]
    fn every_kind_of_fault_comes_up() {
        let kinds: HashSet<_> = (0..500)
            .flat_map(|seed| Schedule::of_seed(seed).steps)
            .map(|step| std::mem::discriminant(&step.fault))
            .collect();
        assert_eq!(kinds.len(), Fault::KINDS);
    }
}
