//! What finished sibling studies (donors) contribute: their best configurations first, then, while a sampler has no
//! model of its own yet, draws from the donors' good regions, in proportion to how much each donor agrees with what
//! this study has seen.
//!
//! Mixing densities by task similarity is meta-learned TPE's idea (Watanabe et al., arXiv:2212.06751); the similarity
//! here is the agreement of rankings (`similarity`), which needs fewer trials than the overlap of good sets. It works
//! under every sampler, because it replaces start-up draws alone: a study whose donors are no help goes on as if it had
//! none. Must not know how samplers work, nor where donors are kept.

mod similarity;

use rand::RngExt;
use serde_json::{Value, json};

use crate::axis::Point;
use crate::history::{Observed, Outcome, Seen};
use crate::real::{cos, ln};
use crate::sampler::Ask;

/// Trials that begin a study with the donors' best configurations.
const BEST_FIRST: usize = 3;
/// Finished trials after which donors are not asked any more.
pub const ASKED_UNTIL: usize = 16;
/// Share of a donor's trials that count as good.
const GOOD: f64 = 0.15;
/// Standard deviation of a draw around a good trial, as a share of each range.
const SPREAD: f64 = 0.12;
/// How often a draw keeps the choice of the good trial in a dimension without an order.
const KEEP: f64 = 0.8;
/// Draws before a repeated configuration is given up.
const REDRAWS: usize = 16;

/// A finished sibling study.
#[derive(Debug, Clone, PartialEq)]
pub struct Donor {
    /// Its name.
    pub study: String,
    /// Its trials.
    pub trials: Vec<Observed>,
}

/// A donor's trials as points of the asking study's space, best first.
#[derive(Debug)]
pub(crate) struct Ranked {
    study: String,
    trials: Vec<Seen>,
}

/// What donors that were asked gave, for the record too.
#[derive(Debug)]
pub(crate) struct Transferred {
    /// `None`: the sampler's own draw stands.
    pub(crate) point: Option<Point>,
    /// Each donor with its number of trials and its weight.
    pub(crate) donors: Value,
    /// From which donor the point came, and how: its `best`, or `near` a good one.
    pub(crate) how: Value,
}

impl Ranked {
    /// Ranks a donor's completed trials that lie in the space; `None` where there are none.
    pub(crate) fn new(donor: &Donor, ask: &Ask<'_>, mut trials: Vec<Seen>) -> Option<Self> {
        trials.retain(|trial| matches!(trial.outcome, Outcome::Completed(value) if !value.is_nan()));
        trials.sort_by(|a, b| similarity::compare(a, b, ask.goal).then(a.number.cmp(&b.number)));
        (!trials.is_empty()).then(|| Self { study: donor.study.clone(), trials })
    }

    fn good(&self) -> &[Seen] {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at most the number of trials"
        )]
        let count = (GOOD * self.trials.len() as f64).ceil() as usize;
        &self.trials[..count.clamp(1, self.trials.len())]
    }
}

/// What the donors propose instead of a draw without a model; `None` where there are none, or it is too late for them.
pub(crate) fn propose(ask: &Ask<'_>, donors: &[Ranked]) -> Option<Transferred> {
    if donors.is_empty() || ask.view.numbers(true).len() >= ASKED_UNTIL {
        return None;
    }
    let weights: Vec<f64> = donors.iter().map(|donor| similarity::weight(ask, &donor.trials)).collect();
    let first = if ask.view.trials.len() < BEST_FIRST { best(ask, donors) } else { None };
    let given = match first {
        Some((donor, point)) => Some((donor, point, "best")),
        None => near(ask, donors, &weights).map(|(donor, point)| (donor, point, "near")),
    };
    let counted = donors.iter().zip(&weights);
    let counted =
        counted.map(|(d, weight)| json!({ "study": d.study, "trials": d.trials.len(), "weight": weight }));
    let how = given.as_ref().map(|(donor, _, how)| json!({ "from": donors[*donor].study, "how": how }));
    Some(Transferred {
        donors: counted.collect(),
        how: how.unwrap_or(Value::Null),
        point: given.map(|(_, point, _)| point),
    })
}

/// The best configuration that was not tried yet: each donor's best first, then each one's second.
fn best(ask: &Ask<'_>, donors: &[Ranked]) -> Option<(usize, Point)> {
    let places = 0..donors.iter().map(|donor| donor.trials.len()).max()?;
    let trials = places.flat_map(|place| {
        donors.iter().enumerate().filter_map(move |(i, donor)| Some((i, donor.trials.get(place)?)))
    });
    trials.take(BEST_FIRST * donors.len() * 4).find_map(|(donor, trial)| {
        let tried = ask.view.trials.iter().any(|seen| seen.coordinates == trial.coordinates);
        (!tried).then(|| (donor, copy(ask, trial)))
    })
}

fn copy(ask: &Ask<'_>, trial: &Seen) -> Point {
    Point::walk(&ask.axes, |i| trial.coordinates[i].unwrap_or_else(|| ask.axes[i].uniform(0.5)))
}

/// A draw near a good trial of a donor, which is chosen by weight. The weights need not sum to 1: the rest is the
/// sampler's own draw.
fn near(ask: &Ask<'_>, donors: &[Ranked], weights: &[f64]) -> Option<(usize, Point)> {
    let mut place: f64 = ask.seeds.child("transfer", "donor").random();
    // The most similar donor decides how much is left to donors at all.
    let most = weights.iter().copied().fold(0.0, f64::max);
    let total: f64 = weights.iter().sum();
    let donor = weights.iter().position(|weight| {
        let share = if total > 0.0 { weight / total * most } else { 0.0 };
        place -= share;
        place < 0.0
    })?;
    let point = (0..REDRAWS)
        .map(|redraw| draw(ask, donors[donor].good(), redraw))
        .find(|point| !ask.is_repeated(point))?;
    Some((donor, point))
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
