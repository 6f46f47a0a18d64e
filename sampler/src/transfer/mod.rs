//! What finished sibling studies (donors) contribute: the first trial is the one of their best configurations that all
//! of them rank highest. From then on a donor counts as far as it ranks this study's own trials rightly beyond chance: by
//! draws near its good trials while the sampler has no model, and in the prior of a model that has one (`tpe`).
//!
//! The sampler's start-up design is put off by the donors' trial, not replaced: donors that know nothing cost that trial.
//! Mixing densities by task similarity is meta-learned TPE's idea (Watanabe et al., arXiv:2212.06751); the
//! similarity here is the agreement of rankings (`similarity`), which needs fewer trials than the overlap of good sets.
//! Must not know how samplers work, nor where donors are kept.

mod similarity;

use rand::RngExt;
use serde_json::{Value, json};

use crate::axis::Point;
use crate::history::{History, Observed, Outcome, Seen, View};
use crate::real::{cos, ln};
use crate::sampler::Ask;

/// Grows with every change of what donors contribute.
pub(crate) const VERSION: u32 = 2;
/// Best configurations of each donor that one to be tried is chosen from.
const BEST: usize = 3;
/// Standard deviations of chance that a donor's agreement must exceed before it counts.
const DEVIATIONS: f64 = 1.5;
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

/// The donors of one question, and how much each counts. None where there are none, or it is too late for them.
#[derive(Debug, Default)]
pub(crate) struct Donors {
    donors: Vec<Ranked>,
}

/// A donor's completed trials as points of the asking study's space, best first.
#[derive(Debug)]
struct Ranked {
    study: String,
    trials: Vec<Seen>,
    /// 0 at chance, nearer to 1 the more of this study's trials it ranks rightly.
    weight: f64,
}

/// A configuration that donors propose instead of a draw without a model.
#[derive(Debug)]
pub(crate) struct Given {
    pub(crate) point: Point,
    /// From which donor it came, and how: its `best`, or `near` a good one.
    pub(crate) how: Value,
}

impl Donors {
    /// The donors that have something to give in this space.
    pub(crate) fn of(history: &History, ask: &Ask<'_>) -> Self {
        if history.donors().is_empty() || ask.view.finished() >= ASKED_UNTIL {
            return Self::default();
        }
        let ranked = history.donors().iter().filter_map(|donor| Ranked::new(donor, ask));
        Self { donors: ranked.collect() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.donors.is_empty()
    }

    /// Whether one of the visible trials is a donor's configuration, which takes no place in the sampler's own design.
    pub(crate) fn has_given(&self, view: &View) -> bool {
        let is_donors = |seen: &Seen| {
            self.donors
                .iter()
                .any(|donor| donor.trials.iter().any(|trial| trial.coordinates == seen.coordinates))
        };
        view.trials().any(is_donors)
    }

    /// Which donors were asked and how much each counts, for the record.
    pub(crate) fn record(&self) -> Value {
        let row = |d: &Ranked| json!({ "study": d.study, "trials": d.trials.len(), "weight": d.weight });
        self.donors.iter().map(row).collect()
    }

    /// How much all donors together count: as much as the most similar one, shared out by weight.
    fn shares(&self) -> impl Iterator<Item = (&Ranked, f64)> {
        let most = self.donors.iter().map(|donor| donor.weight).fold(0.0, f64::max);
        let total: f64 = self.donors.iter().map(|donor| donor.weight).sum();
        self.donors.iter().map(move |d| (d, if total > 0.0 { d.weight / total * most } else { 0.0 }))
    }

    /// The donors' good trials, each with its share of the prior; the shares need not sum to 1.
    pub(crate) fn prior(&self) -> impl Iterator<Item = (&Seen, f64)> {
        self.shares().filter(|(_, share)| *share > 0.0).flat_map(|(donor, share)| {
            let good = donor.good();
            good.iter().map(move |trial| (trial, share / good.len() as f64))
        })
    }

    /// What the donors propose instead of a draw without a model.
    pub(crate) fn propose(&self, ask: &Ask<'_>) -> Option<Given> {
        let best = if ask.view.len() == 0 { self.best(ask) } else { None };
        best.or_else(|| self.near(ask))
    }

    /// Of each donor's best configurations that were not tried yet, the one that all donors rank highest.
    fn best(&self, ask: &Ask<'_>) -> Option<Given> {
        let tried = |trial: &Seen| ask.view.trials().any(|seen| seen.coordinates == trial.coordinates);
        let candidates = self.donors.iter().flat_map(|donor| {
            donor.trials.iter().filter(|trial| !tried(trial)).take(BEST).map(move |trial| (donor, trial))
        });
        let standing = |trial: &Seen| -> f64 {
            self.donors
                .iter()
                .map(|other| similarity::standing(&ask.axes, &other.trials, &trial.coordinates))
                .sum()
        };
        let (_, donor, trial) = candidates
            .map(|(donor, trial)| (standing(trial), donor, trial))
            .reduce(|best, next| if next.0 < best.0 { next } else { best })?;
        let point =
            Point::walk(&ask.axes, |i| trial.coordinates[i].unwrap_or_else(|| ask.axes[i].uniform(0.5)));
        Some(Given { point, how: json!({ "from": donor.study, "how": "best" }) })
    }

    /// A draw near a good trial of a donor, which is chosen by weight; what is left of 1 is the sampler's own draw.
    fn near(&self, ask: &Ask<'_>) -> Option<Given> {
        let mut place: f64 = ask.seeds.child("transfer", "donor").random();
        let (donor, _) = self.shares().find(|(_, share)| {
            place -= share;
            place < 0.0
        })?;
        let drawn = (0..REDRAWS).map(|redraw| draw(ask, donor.good(), redraw));
        let point = drawn.into_iter().find(|point| !ask.is_repeated(point))?;
        Some(Given { point, how: json!({ "from": donor.study, "how": "near" }) })
    }
}

impl Ranked {
    /// Ranks a donor's completed trials that lie in the space; `None` where there are none.
    fn new(donor: &Donor, ask: &Ask<'_>) -> Option<Self> {
        let view = History::new(donor.trials.clone()).view(&ask.axes, 0);
        let completed = |trial: &&Seen| matches!(trial.outcome, Outcome::Completed(v) if !v.is_nan());
        let mut trials: Vec<Seen> = view.trials().filter(completed).cloned().collect();
        trials.sort_by(|a, b| similarity::compare(a, b, ask.goal).then(a.number.cmp(&b.number)));
        let similarity::Agreement { tau, chance } = similarity::agreement(ask, &trials);
        let weight = (tau - DEVIATIONS * chance).max(0.0);
        (!trials.is_empty()).then(|| Self { study: donor.study.clone(), trials, weight })
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
