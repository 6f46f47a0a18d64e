//! The configuration that donors propose in place of a draw without a model.

use pedigree_protocol::suggestion::{DonorAsked, Origin, Transfer};
use rand::RngExt;

use super::similarity;
use crate::axis::Point;
use crate::donor::{Donors, RankedDonor};
use crate::real::{cos, ln};
use crate::sampler::Ask;
use crate::trial::Seen;

/// Grows with every change of what donors contribute.
const VERSION: u32 = 2;
/// The first trial is chosen from this many of the best configurations of each donor.
const BEST: usize = 3;
/// Standard deviation of a draw around a good trial, as a share of each range.
const SPREAD: f64 = 0.12;
/// How often a draw keeps the good trial's choice in a dimension without an order.
const KEEP: f64 = 0.8;
/// If this many draws in a row repeat a trial, the donors propose nothing.
const REDRAWS: usize = 16;

/// A donor's configuration.
#[derive(Debug)]
pub(crate) struct Given {
    pub(crate) point: Point,
    origin: Origin,
}

impl Given {
    fn new(donor: &RankedDonor, how: &str, point: Point) -> Self {
        Self { point, origin: Origin { from: donor.study.clone(), how: how.to_owned() } }
    }
}

/// What donors contributed, for the suggestion's record; `None` without donors.
pub(crate) fn record(donors: &Donors, given: Option<&Given>) -> Option<Transfer> {
    let asked = |donor: &RankedDonor| DonorAsked {
        study: donor.study.clone(),
        trials: u32::try_from(donor.trials.len()).unwrap_or(u32::MAX),
        weight: donor.weight,
    };
    let donors: Vec<DonorAsked> = donors.0.iter().map(asked).collect();
    let origin = given.map(|given| given.origin.clone());
    (!donors.is_empty()).then_some(Transfer { version: VERSION, donors, origin })
}

/// The configuration that the donors propose.
pub(crate) fn propose(ask: &Ask<'_>) -> Option<Given> {
    if ask.donors.0.is_empty() {
        return None;
    }
    let first = if ask.view.len() == 0 { best(ask) } else { None };
    first.or_else(|| near(ask))
}

/// Takes the best untried configurations of each donor, and returns the one that all donors together rank highest.
fn best(ask: &Ask<'_>) -> Option<Given> {
    let donors = &ask.donors.0;
    let tried = |trial: &Seen| ask.view.trials().any(|seen| seen.coordinates == trial.coordinates);
    let candidates = donors.iter().flat_map(|donor| {
        donor.trials.iter().filter(|trial| !tried(trial)).take(BEST).map(move |trial| (donor, trial))
    });
    let standing = |trial: &Seen| -> f64 {
        let standing =
            |other: &RankedDonor| similarity::standing(&ask.axes, &other.trials, &trial.coordinates);
        donors.iter().map(standing).sum()
    };
    let (_, donor, trial) = candidates
        .map(|(donor, trial)| (standing(trial), donor, trial))
        .reduce(|best, next| if next.0 < best.0 { next } else { best })?;
    let point = Point::walk(&ask.axes, |i| trial.coordinates[i].unwrap_or_else(|| ask.axes[i].uniform(0.5)));
    Some(Given::new(donor, "best", point))
}

/// A draw near a good trial of a donor. The donor is chosen by its share; where the shares sum to less than 1, the rest
/// stands for the sampler's own draw.
fn near(ask: &Ask<'_>) -> Option<Given> {
    let mut place: f64 = ask.seeds.child("transfer", "donor").random();
    let chosen = ask.donors.shares().find(|lender| {
        place -= lender.share;
        place < 0.0
    });
    let donor = chosen?.donor;
    let drawn = (0..REDRAWS).map(|redraw| draw(ask, donor.good(), redraw));
    let point = drawn.into_iter().find(|point| !ask.is_repeated(point))?;
    Some(Given::new(donor, "near", point))
}

fn draw(ask: &Ask<'_>, good: &[Seen], redraw: usize) -> Point {
    let label = format!("transfer {redraw}");
    let center = &good[ask.seeds.child(&label, "trial").random_range(0..good.len())];
    Point::walk(&ask.axes, |i| {
        let axis = &ask.axes[i];
        let mut dice = ask.seeds.child(&label, axis.name());
        let anew = axis.uniform(dice.random());
        let Some(mean) = center.coordinates[i] else { return anew };
        if axis.is_unordered() {
            return if dice.random::<f64>() < KEEP { mean } else { anew };
        }
        let (low, high) = axis.shape().range();
        axis.shape().settle(mean + SPREAD * (high - low) * normal(&mut dice))
    })
}

/// A standard normal draw (Box and Muller).
fn normal(dice: &mut impl rand::Rng) -> f64 {
    let (a, b): (f64, f64) = (dice.random(), dice.random());
    (-2.0 * ln(1.0 - a)).sqrt() * cos(std::f64::consts::TAU * b)
}
