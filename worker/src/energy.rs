//! The energy that a GPU used, and the faults that it had, while an attempt held it.
//!
//! The energy is the difference of the GPU's own counter where it has one; else its power, read every second and summed
//! up; else its power limit times the time. Its source is told with it. NVML tells none of these about a MIG instance: an
//! instance gets its whole GPU's, as source `shared`. Must not know what an attempt does.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pedigree_protocol::energy::{Energy, EnergySource};
use tokio::time::{Instant, sleep};
use tokio_util::task::AbortOnDropHandle;

use crate::gpu::Reading;
use crate::gpu::fault::Fault;
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
    /// The fault of the GPU meanwhile for which no program is to blame, as a sentence.
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
        let told = self.slot.fault_since(self.begun);
        Shown {
            energy: energy(&self.before, &after, summed, self.begun.elapsed()),
            fault: told.or_else(|| fault(&self.before, &after)).map(|fault| self.slot.accuse(fault)),
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
    let own = own_energy(before, after, summed, took)?;
    match before.parent {
        Some(_) => Some(Energy { source: EnergySource::Shared, ..own }),
        None => Some(own),
    }
}

fn own_energy(before: &Reading, after: &Reading, summed: f64, took: Duration) -> Option<Energy> {
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

/// A fault that the readings show and no event has told yet.
fn fault(before: &Reading, after: &Reading) -> Option<Fault> {
    if after.lost && !before.lost {
        return Some(Fault::Lost);
    }
    let risen = before.uncorrected.zip(after.uncorrected).map(|(start, end)| end.saturating_sub(start));
    risen.filter(|count| *count > 0).map(Fault::Uncorrected)
}

#[cfg(test)]
mod tests {
    use pedigree_protocol::fleet::{Device, DeviceKind};

    use super::*;
    use crate::gpu::Journal;
    use crate::gpu::fake::{FIRST, FakeNvml};

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn the_best_source_counts_and_is_named() {
        let none = Reading::default();
        let counted = |mj| Reading { energy_mj: Some(mj), limit_mw: Some(300_000), ..Reading::default() };
        let of = |joules, source| Some(Energy { joules, source });
        assert_eq!(energy(&counted(1_000), &counted(61_000), 7.0, MINUTE), of(60.0, EnergySource::Counter));
        assert_eq!(energy(&counted(9_000), &counted(5), 7.0, MINUTE), of(7.0, EnergySource::Sampled));
        assert_eq!(energy(&counted(9_000), &counted(5), 0.0, MINUTE), of(18_000.0, EnergySource::Tdp));
        assert_eq!(energy(&none, &none, 0.0, MINUTE), None);
        let of_instance = |mj| Reading { parent: Some("GPU-1".into()), ..counted(mj) };
        let shared = energy(&of_instance(1_000), &of_instance(61_000), 0.0, MINUTE);
        assert_eq!(shared, of(60.0, EnergySource::Shared));
    }

    /// A meter on a fake GPU that has these lines.
    async fn meter(fake: &FakeNvml, lines: &str) -> Meter {
        show(fake, lines);
        let device = Device {
            uuid: FIRST.into(),
            kind: DeviceKind::Gpu,
            name: "A100".into(),
            memory_bytes: None,
            unavailable: None,
        };
        Meter::start(&Slot::new(device, fake.probe().into(), Arc::new(Journal::default()))).await.unwrap()
    }

    fn show(fake: &FakeNvml, lines: &str) {
        fake.show(&format!("gpu {FIRST} 81920 4 A100\n{}", lines.replace("GPU", FIRST)));
    }

    /// Reads a meter until its energy comes from a source.
    async fn until_source(meter: &Meter, source: EnergySource) -> f64 {
        for _ in 0..1000 {
            if let Some(energy) = meter.read().await.energy.filter(|energy| energy.source == source) {
                return energy.joules;
            }
            sleep(Duration::from_millis(10)).await;
        }
        panic!("the energy is {:?}", meter.read().await.energy);
    }

    #[tokio::test]
    async fn a_gpu_without_a_counter_is_sampled_and_one_without_readings_is_bounded() {
        let Some(fake) = FakeNvml::build("") else { return };
        let counter = meter(&fake, "energy GPU 1000\npower GPU 250000\nlimit GPU 400000\n").await;
        show(&fake, "energy GPU 61000\npower GPU 250000\nlimit GPU 400000\n");
        assert!((until_source(&counter, EnergySource::Counter).await - 60.0).abs() < 1e-9);
        let bounded = meter(&fake, "limit GPU 400000\n").await;
        assert!(until_source(&bounded, EnergySource::Tdp).await > 0.0);
        let sampled = meter(&fake, "power GPU 250000\nlimit GPU 400000\n").await;
        let joules = until_source(&sampled, EnergySource::Sampled).await;
        let most = 250.0 * sampled.begun.elapsed().as_secs_f64();
        assert!((1.0..=most).contains(&joules), "{joules} J of at most {most} J");
        let silent = meter(&fake, "").await;
        assert_eq!(silent.read().await.energy, None);
    }

    #[test]
    fn errors_of_the_gpu_are_told() {
        let none = Reading::default();
        let ecc = |count| Reading { uncorrected: Some(count), ..Reading::default() };
        assert_eq!(fault(&ecc(2), &ecc(2)), None);
        assert_eq!(fault(&ecc(2), &ecc(5)), Some(Fault::Uncorrected(3)));
        assert_eq!(fault(&none, &Reading { lost: true, ..Reading::default() }), Some(Fault::Lost));
        assert_eq!(fault(&none, &ecc(5)), None, "it was not known before");
    }
}
