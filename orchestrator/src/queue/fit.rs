//! Which demands of an entry a device does not meet, in the words of the search-space file.
//!
//! The claim statement asks the same of the SQL function `device_fits`; a test holds the two to one table.

use std::collections::BTreeSet;

use pedigree_protocol::fleet::DeviceKind;
use pedigree_protocol::resources::{Resources, write_duration};

const GIB: i64 = 1 << 30;

/// A device, as far as a demand concerns it.
#[derive(Debug, Clone)]
pub(super) struct Offer {
    pub(super) kind: DeviceKind,
    pub(super) name: String,
    /// 0 where it is not known.
    pub(super) memory_bytes: i64,
    /// Seconds until its worker has to end; `None` without a limit.
    pub(super) remaining_s: Option<f64>,
}

/// What an entry can ask for, in the order in which a device is the nearest: time passes, a model stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Demand {
    GpuModel,
    MinMemory,
    Walltime,
}

impl Demand {
    /// The key in the file.
    const fn key(self) -> &'static str {
        match self {
            Self::GpuModel => "gpu_model",
            Self::MinMemory => "min_memory_gib",
            Self::Walltime => "walltime",
        }
    }
}

/// What the device lacks; empty where it fits.
pub(super) fn misses(asked: &Resources, offer: &Offer) -> BTreeSet<Demand> {
    let model = asked.gpu_model.as_ref().is_some_and(|model| {
        offer.kind != DeviceKind::Gpu || !offer.name.to_lowercase().contains(&model.to_lowercase())
    });
    let memory = asked.min_memory_bytes().is_some_and(|bytes| offer.memory_bytes < bytes);
    let time = asked.walltime_s.zip(offer.remaining_s).is_some_and(|(asked, left)| left < f64::from(asked));
    let demands = [(model, Demand::GpuModel), (memory, Demand::MinMemory), (time, Demand::Walltime)];
    demands.into_iter().filter_map(|(missed, demand)| missed.then_some(demand)).collect()
}

/// What no device here has; where some device meets each single demand, what the nearest device lacks.
pub(super) fn unmet<'a>(asked: &Resources, offers: impl Iterator<Item = &'a Offer> + Clone) -> String {
    let everybody_lacks =
        |demand| offers.clone().all(|offer| misses(asked, offer).contains(&demand)).then_some(demand);
    let lacking: Vec<String> = [Demand::GpuModel, Demand::MinMemory, Demand::Walltime]
        .into_iter()
        .filter_map(everybody_lacks)
        .filter_map(|demand| beside_the_best(demand, asked, offers.clone()))
        .collect();
    if !lacking.is_empty() {
        return format!("none has {}", lacking.join(", nor "));
    }
    let distance = |offer: &&Offer| {
        let missed = misses(asked, offer);
        [Demand::GpuModel, Demand::MinMemory, Demand::Walltime].map(|demand| missed.contains(&demand))
    };
    offers.min_by_key(distance).map_or_else(String::new, |nearest| {
        let missed: Vec<&str> = misses(asked, nearest).into_iter().map(Demand::key).collect();
        format!("the nearest, {}, misses the {}", nearest.name, missed.join(" and the "))
    })
}

/// The demand with its value, and the best that is here.
fn beside_the_best<'a>(
    demand: Demand,
    asked: &Resources,
    offers: impl Iterator<Item = &'a Offer>,
) -> Option<String> {
    let key = demand.key();
    Some(match demand {
        Demand::GpuModel => {
            let names: BTreeSet<&str> = offers.map(|offer| offer.name.as_str()).collect();
            let names = names.into_iter().collect::<Vec<_>>().join(", ");
            format!("{key} {} (here are {names})", asked.gpu_model.as_ref()?)
        }
        Demand::MinMemory => {
            let most = offers.map(|offer| offer.memory_bytes).max().unwrap_or(0) / GIB;
            format!("{key} {} (the largest has {most})", asked.min_memory_gib?)
        }
        Demand::Walltime => {
            let longest = offers.filter_map(|offer| offer.remaining_s).fold(0.0, f64::max);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "saturates, and is not negative"
            )]
            let longest = write_duration(longest as u32);
            format!("{key} {} (the longest has {longest} left)", write_duration(asked.walltime_s?))
        }
    })
}
