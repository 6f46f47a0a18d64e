//! `tpe`: a low-discrepancy start, then the candidate with the largest ratio of good to bad density.
//!
//! Whole configurations are drawn and scored jointly, conditional dimensions included (`mixture`). The constants here were
//! tuned together on the benchmark of `docs/sampler.md`, which lists what else was tried. A changed constant makes a new
//! version.

use super::belief::Belief;
use super::mixture::{Mixture, Prior, Weighted};
use super::split::ranked;
use crate::axis::Point;
use crate::random;
use crate::sampler::{Ask, Drawn, Sampler};
use crate::sobol;
use crate::trial::Seen;

/// Trials up to this number come from the start-up design.
const STARTUP_TRIALS: u32 = 5;
/// Until this many trials have finished, the start-up design goes on.
const LEAST_FINISHED: usize = 3;
/// The start-up design leaves out this share of an ordered range at either end.
const STARTUP_MARGIN: f64 = 0.1;
/// The share of finished trials that are good, rounded up, and the most that can be.
const GOOD_SHARE: f64 = 0.15;
const MOST_GOOD: usize = 25;
/// The bad density is built from at most this many finished trials, spread evenly over the ranks.
const MOST_BAD: usize = 256;
/// The weight of a pending trial on the bad side; a finished one weighs 1.
const PENDING_WEIGHT: f64 = 0.5;
/// Candidates that are drawn and scored.
const CANDIDATES: usize = 32;

/// TPE as tuned here.
#[derive(Debug)]
pub(crate) struct Tpe;

impl Sampler for Tpe {
    fn name(&self) -> &'static str {
        "tpe"
    }

    fn version(&self) -> u32 {
        3
    }

    fn draw(&self, ask: &Ask<'_>) -> Drawn {
        let trials: Vec<&Seen> = ask.view.trials().collect();
        let finished = ranked(&trials, ask.goal);
        if ask.place() <= STARTUP_TRIALS || finished.len() < LEAST_FINISHED {
            return Drawn::startup(start(ask));
        }
        let (good, bad) = sides(&finished, &trials);
        let lent = ask.donors.lent().map(|lent| Weighted { trial: lent.trial, weight: lent.share }).collect();
        let beliefs = ask.axes.iter().map(Belief::of).collect();
        let good = Mixture::new(&ask.axes, &good, &Prior { lent, beliefs });
        let bad = Mixture::new(&ask.axes, &bad, &Prior::default());
        Drawn::modelled(best_candidate(ask, &good, &bad).unwrap_or_else(|| random::draw_new(ask)))
    }
}

/// The point of the start-up design: a Sobol point, shifted to where good values are expected.
fn start(ask: &Ask<'_>) -> Point {
    sobol::draw_new(ask, ask.place(), |i, unit| {
        let axis = &ask.axes[i];
        match Belief::of(axis) {
            Belief::Wide if axis.shape().is_ordered() => {
                axis.uniform(STARTUP_MARGIN + (1.0 - 2.0 * STARTUP_MARGIN) * unit)
            }
            belief => belief.coordinate(axis, unit),
        }
    })
}

/// The good trials, weighted by rank, and the bad ones together with the pending ones.
fn sides<'a>(finished: &[&'a Seen], trials: &[&'a Seen]) -> (Vec<Weighted<'a>>, Vec<Weighted<'a>>) {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a count")]
    let size = (finished.len() as f64 * GOOD_SHARE).ceil() as usize;
    let (good, bad) = finished.split_at(size.min(MOST_GOOD));
    let weigh = |(rank, &trial)| Weighted { trial, weight: (good.len() - rank) as f64 };
    let good_side = good.iter().enumerate().map(weigh).collect();
    let every = bad.len().div_ceil(MOST_BAD).max(1);
    let finished = bad.iter().step_by(every).map(|&trial| Weighted { trial, weight: 1.0 });
    let pending = trials.iter().filter(|t| !t.outcome.is_finished());
    let pending = pending.map(|&trial| Weighted { trial, weight: PENDING_WEIGHT });
    (good_side, finished.chain(pending).collect())
}

/// Draws candidates from the good density and takes the untried one with the largest ratio of the two densities. `None`
/// where all have been tried.
fn best_candidate(ask: &Ask<'_>, good: &Mixture, bad: &Mixture) -> Option<Point> {
    let mut rng = ask.seeds.child("candidates", "");
    let drawn = good.draw(&ask.axes, &mut rng, CANDIDATES).into_iter();
    let mut logs = Vec::new();
    let new = drawn.filter(|point| !ask.is_repeated(point));
    let scored = new.map(|point| {
        let good = good.log_density(&point.coordinates, &mut logs);
        (good - bad.log_density(&point.coordinates, &mut logs), point)
    });
    // Among equals, the first one drawn stays.
    scored.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, point)| point)
}
