//! What a GPU took and suffered while an attempt held it.
//!
//! The GPU's own counter where it has one; else its power, read every second and summed up; else its power limit times
//! the time, which is labelled as such. Must not know what an attempt does.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pedigree_protocol::energy::{Energy, EnergySource};
use tokio::time::{Instant, sleep};
use tokio_util::task::AbortOnDropHandle;

use crate::gpu::Reading;
use crate::slot::Slot;

/// Between readings of the power.
const PERIOD: Duration = Duration::from_secs(1);

/// One attempt's meter on one GPU.
#[derive(Debug)]
pub(crate) struct Meter {
    slot: Slot,
    begun: Instant,
    before: Reading,
    /// Joules summed up from readings of the power; its task runs where there is no counter.
    summed: Arc<Mutex<f64>>,
    _sampling: Option<AbortOnDropHandle<()>>,
}

/// What a meter shows at the end.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shown {
    pub(crate) energy: Option<Energy>,
    /// What happened to the GPU meanwhile that no trainer does, as a sentence.
    pub(crate) fault: Option<String>,
}

impl Meter {
    /// Begins to measure; `None` on a CPU slot.
    pub(crate) async fn start(slot: &Slot) -> Option<Self> {
        let before = slot.reading().await?;
        let summed = Arc::new(Mutex::new(0.0));
        let samples = before.energy_mj.is_none() && before.power_mw.is_some();
        let sampling =
            samples.then(|| AbortOnDropHandle::new(tokio::spawn(sum_up(slot.clone(), Arc::clone(&summed)))));
        Some(Self { slot: slot.clone(), begun: Instant::now(), before, summed, _sampling: sampling })
    }

    /// Reads the meter.
    pub(crate) async fn read(&self) -> Shown {
        let after = self.slot.reading().await.unwrap_or_default();
        let summed = *self.summed.lock().unwrap_or_else(PoisonError::into_inner);
        Shown {
            energy: energy(&self.before, &after, summed, self.begun.elapsed()),
            fault: fault(&self.before, &after),
        }
    }
}

/// Adds power times time until it is dropped.
async fn sum_up(slot: Slot, summed: Arc<Mutex<f64>>) {
    let mut last = Instant::now();
    loop {
        sleep(PERIOD).await;
        let power = slot.reading().await.and_then(|reading| reading.power_mw);
        let now = Instant::now();
        if let Some(milliwatts) = power {
            let joules = f64::from(milliwatts) / 1e3 * (now - last).as_secs_f64();
            *summed.lock().unwrap_or_else(PoisonError::into_inner) += joules;
        }
        last = now;
    }
}

/// The energy by the best source there is.
fn energy(before: &Reading, after: &Reading, summed: f64, took: Duration) -> Option<Energy> {
    // A counter that went back was reset with its driver.
    let counted = before.energy_mj.zip(after.energy_mj).and_then(|(start, end)| end.checked_sub(start));
    if let Some(millijoules) = counted {
        #[expect(clippy::cast_precision_loss, reason = "below 2^53 mJ for 285 years at 1 kW")]
        let joules = millijoules as f64 / 1e3;
        return Some(Energy { joules, source: EnergySource::Counter });
    }
    if summed > 0.0 {
        return Some(Energy { joules: summed, source: EnergySource::Sampled });
    }
    let limit = after.limit_mw.or(before.limit_mw)?;
    Some(Energy { joules: f64::from(limit) / 1e3 * took.as_secs_f64(), source: EnergySource::Tdp })
}

fn fault(before: &Reading, after: &Reading) -> Option<String> {
    if after.lost && !before.lost {
        return Some("NVML: the GPU is lost".to_owned());
    }
    let risen = before.uncorrected.zip(after.uncorrected).map(|(start, end)| end.saturating_sub(start));
    risen
        .filter(|count| *count > 0)
        .map(|count| format!("NVML counted {count} uncorrectable ECC errors meanwhile"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Reading =
        Reading { energy_mj: None, power_mw: None, limit_mw: None, uncorrected: None, lost: false };
    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn the_best_source_counts_and_is_named() {
        let counted = |mj| Reading { energy_mj: Some(mj), limit_mw: Some(300_000), ..NONE };
        let of = |joules, source| Some(Energy { joules, source });
        assert_eq!(energy(&counted(1_000), &counted(61_000), 7.0, MINUTE), of(60.0, EnergySource::Counter));
        assert_eq!(energy(&counted(9_000), &counted(5), 7.0, MINUTE), of(7.0, EnergySource::Sampled));
        assert_eq!(energy(&counted(9_000), &counted(5), 0.0, MINUTE), of(18_000.0, EnergySource::Tdp));
        assert_eq!(energy(&NONE, &NONE, 0.0, MINUTE), None);
    }

    #[test]
    fn errors_of_the_gpu_are_told() {
        let ecc = |count| Reading { uncorrected: Some(count), ..NONE };
        assert_eq!(fault(&ecc(2), &ecc(2)), None);
        let sentence = fault(&ecc(2), &ecc(5)).unwrap();
        assert_eq!(sentence, "NVML counted 3 uncorrectable ECC errors meanwhile");
        assert!(fault(&NONE, &Reading { lost: true, ..NONE }).unwrap().ends_with("is lost"));
        assert_eq!(fault(&NONE, &ecc(5)), None, "it was not known before");
    }
}
