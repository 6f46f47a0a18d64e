//! Finds the point with the highest score: candidates over the whole space and around the best trials, then a climb in one
//! dimension at a time from the best candidates.
//!
//! A candidate has a coordinate in every dimension, also in inactive ones, so that a branch that a move switches on has its
//! values ready. Owns where candidates come from, not how they are scored.

use rand::RngExt;
use rand_chacha::ChaCha12Rng;

use super::acquisition::Acquisition;
use crate::axis::{Axis, Condition, Point, Shape};
use crate::real::{exp, ln};
use crate::sampler::Ask;

/// Candidates from a low-discrepancy sequence over the whole space.
const WIDE: u32 = 400;
/// Trials that candidates are drawn around, and how many around each.
const CENTRES: usize = 5;
const AROUND: i32 = 40;
/// Around a trial, the share of choices that are drawn anew and the share of numbers that are moved.
const REDRAWN: f64 = 0.2;
const MOVED: f64 = 0.6;
/// How far candidates lie from their trial, as a share of the range: this, halved 0, 1, 2 .. times in turn.
const WIDTH: f64 = 0.3;
const HALVINGS: i32 = 6;
/// Climbs start from this many of the best candidates.
const CLIMBS: usize = 4;
/// The first and the last step of a climb, as shares of the range, and the factor that shortens a step.
const FIRST_STEP: f64 = 0.1;
const LAST_STEP: f64 = 1e-4;
const SHORTER: f64 = 0.3;

/// Coordinates in every dimension, whether active or not, and their score.
#[derive(Debug, Clone)]
struct Candidate {
    latent: Vec<f64>,
    score: f64,
}

/// The search for one point.
#[derive(Debug)]
pub(super) struct Proposal<'a> {
    ask: &'a Ask<'a>,
    acquisition: Acquisition<'a>,
    conditions: Vec<Vec<Condition>>,
}

impl<'a> Proposal<'a> {
    pub(super) fn new(ask: &'a Ask<'a>, acquisition: Acquisition<'a>) -> Self {
        Self { ask, acquisition, conditions: Axis::conditions(&ask.axes) }
    }

    /// The best point that repeats no trial; `None` where every candidate repeats one.
    pub(super) fn point(&self) -> Option<Point> {
        let mut candidates = self.wide();
        candidates.extend(self.around_the_best());
        sort(&mut candidates);
        let mut summits: Vec<Candidate> =
            candidates.iter().take(CLIMBS).map(|c| self.climb(c.clone())).collect();
        sort(&mut summits);
        let points = summits.iter().chain(&candidates).map(|c| Point::walk(&self.ask.axes, |i| c.latent[i]));
        points.into_iter().find(|point| !self.ask.is_repeated(point))
    }

    fn wide(&self) -> Vec<Candidate> {
        let seed: u32 = self.ask.seeds.child("gp wide", "").random();
        let unit =
            |i, d: usize| f64::from(sobol_burley::sample(i, d as u32 % sobol_burley::NUM_DIMENSIONS, seed));
        let latent = |i| self.ask.axes.iter().enumerate().map(|(d, axis)| axis.uniform(unit(i, d))).collect();
        (0..WIDE).map(|i| self.candidate(latent(i))).collect()
    }

    fn around_the_best(&self) -> Vec<Candidate> {
        let finished = self.ask.view.trials().filter(|t| t.outcome.is_finished());
        let mut ranked: Vec<(f64, &[Option<f64>])> =
            finished.map(|t| (self.acquisition.expected_loss(&t.coordinates), &*t.coordinates)).collect();
        ranked.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut draws = self.ask.seeds.child("gp around", "");
        let mut candidates = Vec::new();
        for (_, centre) in ranked.iter().take(CENTRES) {
            for k in 0..AROUND {
                let width = WIDTH * 0.5_f64.powi(k % HALVINGS);
                candidates.push(self.candidate(self.neighbour(centre, width, &mut draws)));
            }
        }
        candidates
    }

    /// A point near `centre`. A dimension that is inactive there is drawn over its whole range.
    fn neighbour(&self, centre: &[Option<f64>], width: f64, draws: &mut ChaCha12Rng) -> Vec<f64> {
        let mut shift = |axis: &Axis<'_>, at: &Option<f64>| {
            let (anywhere, lot): (f64, f64) = (draws.random(), draws.random());
            // The sum of three uniform draws looks like a normal one, but is bounded.
            let by = (0..3).map(|_| draws.random::<f64>() - 0.5).sum::<f64>() * width;
            match (at, axis.shape()) {
                (None, _) => axis.uniform(anywhere),
                (Some(_), Shape::Choice { .. }) if lot < REDRAWN => axis.uniform(anywhere),
                (Some(at), Shape::Choice { .. }) => *at,
                (Some(at), _) if lot < MOVED => moved(axis, *at, by),
                (Some(at), _) => *at,
            }
        };
        self.ask.axes.iter().zip(centre).map(|(axis, at)| shift(axis, at)).collect()
    }

    /// Takes every step in a single dimension that raises the score, with shorter and shorter steps, until none does.
    fn climb(&self, mut candidate: Candidate) -> Candidate {
        let mut width = FIRST_STEP;
        while width > LAST_STEP {
            let mut higher = false;
            for (d, axis) in self.ask.axes.iter().enumerate() {
                if self.coordinates(&candidate.latent)[d].is_none() {
                    continue;
                }
                let steps = steps(axis, candidate.latent[d], width);
                let reached = steps.into_iter().map(|c| self.candidate(with(&candidate.latent, d, c)));
                if let Some(better) = reached.into_iter().find(|c| c.score > candidate.score) {
                    (candidate, higher) = (better, true);
                }
            }
            if !higher {
                width *= SHORTER;
            }
        }
        candidate
    }

    fn candidate(&self, latent: Vec<f64>) -> Candidate {
        let score = self.acquisition.score(&self.coordinates(&latent));
        Candidate { latent, score }
    }

    /// The coordinates of the active dimensions; `None` for the others.
    fn coordinates(&self, latent: &[f64]) -> Vec<Option<f64>> {
        let mut coordinates: Vec<Option<f64>> = Vec::with_capacity(latent.len());
        for (coordinate, conditions) in latent.iter().zip(&self.conditions) {
            let active = conditions.iter().all(|condition| condition.holds(&coordinates));
            coordinates.push(active.then_some(*coordinate));
        }
        coordinates
    }
}

/// The highest score first.
fn sort(candidates: &mut [Candidate]) {
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score));
}

fn with(latent: &[f64], dimension: usize, coordinate: f64) -> Vec<f64> {
    let mut latent = latent.to_vec();
    latent[dimension] = coordinate;
    latent
}

/// Where a climb may go in one dimension: up and down by a share of the range, or to every other choice while the step is
/// still the first one.
fn steps(axis: &Axis<'_>, from: f64, width: f64) -> Vec<f64> {
    let steps = match axis.shape() {
        _ if axis.is_fixed() => Vec::new(),
        Shape::Choice { count } if width == FIRST_STEP => (0..count).map(|i| i as f64).collect(),
        Shape::Choice { .. } => Vec::new(),
        _ => vec![moved(axis, from, width), moved(axis, from, -width)],
    };
    steps.into_iter().filter(|to| *to != from).collect()
}

/// A coordinate moved by a share of the range; on a grid by at least one value.
fn moved(axis: &Axis<'_>, from: f64, by: f64) -> f64 {
    let shape = axis.shape();
    let (low, high) = shape.range();
    let to = shape.settle(from + by * (high - low));
    match shape {
        Shape::Grid { .. } if to == from => shape.settle(from + by.signum()),
        Shape::LogInt { .. } if to == from => shape.settle(ln((exp(from) + by.signum()).max(1.0))),
        _ => to,
    }
}
