//! The process beside another implementation, and properties that hold for every history.

use std::collections::BTreeMap;

use pedigree_protocol::{Dimension, Domain};
use pedigree_protocol::{Scalar, Space};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha12Rng;
use serde::Deserialize;

use super::cholesky::Cholesky;
use super::encoding::Encoding;
use super::evidence::{self, LOSSES};
use super::feasibility::Feasibility;
use super::improvement::log_expected_improvement;
use super::kernel::Kernel;
use super::observations::Observations;
use super::outlook::{Outlook, standardise};
use super::posterior::Posterior;
use crate::axis::{Axis, Point};
use crate::real::{cos, exp, ln};

/// `vectors/gp.py` says where they are from.
#[derive(Deserialize)]
struct Vectors {
    processes: Vec<Process>,
    /// z, ln(φ(z) + z Φ(z))
    improvements: Vec<[f64; 2]>,
}

#[derive(Deserialize)]
struct Process {
    rows: Vec<Vec<f64>>,
    values: Vec<f64>,
    at: Vec<Vec<f64>>,
    lengths: Vec<f64>,
    signal: f64,
    noise: f64,
    share: f64,
    mean: Vec<f64>,
    deviation: Vec<f64>,
    log_likelihood: f64,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../../vectors/gp.json")).unwrap()
}

/// `vectors/feasibility.py` says where they are from.
#[derive(Deserialize)]
struct Classifier {
    rows: Vec<Vec<f64>>,
    labels: Vec<f64>,
    at: Vec<Vec<f64>>,
    lengths: Vec<f64>,
    signal: f64,
    log_evidence: f64,
    latent: Vec<f64>,
}

fn dimension(name: String, domain: Domain) -> Dimension {
    Dimension { name, domain, when: BTreeMap::new(), prior: None }
}

fn cube(features: usize) -> Space {
    let unit = Domain::Float { min: 0.0, max: 1.0, log: false, step: None };
    Space::new((0..features).map(|i| dimension(format!("x{i}"), unit.clone())).collect()).unwrap()
}

/// Every kind of dimension, two of them conditional.
fn mixed() -> Space {
    let texts = |texts: &[&str]| texts.iter().map(|t| Scalar::Text((*t).to_owned())).collect::<Vec<_>>();
    let mut dimensions = vec![
        dimension("optimizer".into(), Domain::Categorical { values: texts(&["adamw", "lion", "sgd"]) }),
        dimension("rate".into(), Domain::Float { min: 1e-5, max: 1e-2, log: true, step: None }),
        dimension("batch".into(), Domain::Categorical { values: [8, 16, 32, 64].map(Scalar::Int).to_vec() }),
        dimension("rank".into(), Domain::Int { min: 1, max: 64, log: true, step: None }),
        dimension("momentum".into(), Domain::Float { min: 0.0, max: 0.9, log: false, step: Some(0.1) }),
        dimension("nesterov".into(), Domain::Categorical { values: texts(&["yes", "no"]) }),
    ];
    for conditional in &mut dimensions[4..] {
        conditional.when = [("optimizer".to_owned(), texts(&["sgd"]))].into();
    }
    Space::new(dimensions).unwrap()
}

fn random_rows(space: &Space, count: usize, seed: u64) -> (Encoding, Vec<Vec<f64>>) {
    let axes = Axis::all(space);
    let encoding = Encoding::of(&axes);
    let mut draws = ChaCha12Rng::seed_from_u64(seed);
    let mut row = || encoding.row(&Point::walk(&axes, |i| axes[i].uniform(draws.random())).coordinates);
    let rows = (0..count).map(|_| row()).collect();
    (encoding, rows)
}

fn assert_close(what: &str, ours: f64, theirs: f64, tolerance: f64) {
    let error = (ours - theirs).abs() / theirs.abs().max(1.0);
    assert!(error < tolerance, "{what}: ours {ours:e}, theirs {theirs:e}, apart by {error:e}");
}

#[test]
fn posteriors_and_likelihoods_agree_with_the_recorded_ones() {
    for case in vectors().processes {
        let space = cube(case.lengths.len());
        let encoding = Encoding::of(&Axis::all(&space));
        let observations = Observations::new(&encoding, case.rows.clone(), case.values.clone());
        let inverse_lengths = case.lengths.iter().map(|l| 1.0 / l).collect();
        let kernel = Kernel { inverse_lengths, signal: case.signal, noise: case.noise, additive: case.share };
        let likelihood = evidence::log_likelihood(&observations, &kernel).unwrap();
        assert_close("likelihood", likelihood, case.log_likelihood, 1e-9);
        let posterior = Posterior::given(&encoding, kernel, observations).unwrap();
        for ((at, mean), deviation) in case.at.iter().zip(case.mean).zip(case.deviation) {
            let ours = posterior.at(at);
            assert_close("mean", ours.0, mean, 1e-9);
            assert_close("deviation", ours.1, deviation, 1e-8);
        }
    }
}

#[test]
fn classifiers_agree_with_the_recorded_ones() {
    let cases: Vec<Classifier> =
        serde_json::from_str(include_str!("../../vectors/feasibility.json")).unwrap();
    for case in cases {
        let space = cube(case.lengths.len());
        let encoding = Encoding::of(&Axis::all(&space));
        let observations = Observations::new(&encoding, case.rows, case.labels);
        let inverse_lengths = case.lengths.iter().map(|l| 1.0 / l).collect();
        let kernel = Kernel { inverse_lengths, signal: case.signal, noise: 0.0, additive: 0.0 };
        let feasibility = Feasibility::given(&encoding, kernel, observations, 0.0).unwrap();
        // Both searches for the mode end with a step that gains little: they agree to the root of that.
        assert_close("evidence", feasibility.log_evidence(), case.log_evidence, 1e-5);
        for (at, latent) in case.at.iter().zip(case.latent) {
            assert_close("latent mean", feasibility.latent(at).0, latent, 1e-4);
        }
    }
}

#[test]
fn what_is_unknown_is_as_likely_to_fail_as_trials_are() {
    let space = cube(2);
    let encoding = Encoding::of(&Axis::all(&space));
    let rows = |low: f64| (0..8).map(|i| vec![low + 0.01 * f64::from(i), low]).collect::<Vec<_>>();
    let outlook = Outlook { rows: rows(0.2), broken: rows(0.7), ..Outlook::default() };
    let feasibility = Feasibility::of(&encoding, &outlook).unwrap();
    let probability = |row: &[f64]| exp(feasibility.log_probability(row));
    assert!(probability(&[0.22, 0.2]) > 0.8, "{}", probability(&[0.22, 0.2]));
    assert!(probability(&[0.72, 0.7]) < 0.2, "{}", probability(&[0.72, 0.7]));
    assert!((probability(&[50.0, -50.0]) - 0.5).abs() < 1e-3, "{}", probability(&[50.0, -50.0]));
    assert!(Feasibility::of(&encoding, &Outlook { rows: rows(0.2), ..Outlook::default() }).is_none());
}

#[test]
fn improvements_agree_with_the_recorded_ones() {
    for [z, expected] in vectors().improvements {
        assert_close("ln h", log_expected_improvement(-z, 1.0, 0.0), expected, 1e-10);
        // Improvement scales with the deviation: ln EI(mean, s) = ln s + ln h((best - mean)/s).
        let scaled = log_expected_improvement(3.0 - 0.25 * z, 0.25, 3.0) - ln(0.25);
        assert_close("ln h, scaled", scaled, expected, 1e-9);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// For any rows, also repeated ones, the least noise keeps the matrix positive definite, and the deviation at every row
    /// stays within the signal's.
    #[test]
    fn covariances_are_positive_definite(
        seed in any::<u64>(),
        count in 1_usize..40,
        lengths in prop::collection::vec(-2.0..3.0, 7),
        share in -4.0..4.0,
    ) {
        let space = mixed();
        let (encoding, mut rows) = random_rows(&space, count, seed);
        rows.push(rows[0].clone());
        prop_assert_eq!(encoding.len(), 7);
        let mut point = lengths;
        point.extend([0.0, -40.0, share]);
        let values = vec![0.5; rows.len()];
        let kernel = evidence::kernel_at(&point);
        let signal = kernel.signal;
        let posterior = Posterior::given(&encoding, kernel, Observations::new(&encoding, rows.clone(), values));
        let posterior = posterior.expect("positive definite");
        for row in &rows {
            prop_assert!(posterior.at(row).1 <= signal.sqrt() + 1e-9);
        }
    }

    #[test]
    fn the_gradient_of_the_evidence_is_that_of_finite_differences(
        seed in any::<u64>(),
        count in 2_usize..25,
        point in prop::collection::vec(-1.0..1.0, 10),
    ) {
        let space = mixed();
        let (encoding, rows) = random_rows(&space, count, seed);
        let values: Vec<f64> = rows.iter().map(|row| cos(3.0 * row[1]) + row[0] * row[3]).collect();
        let observations = Observations::new(&encoding, rows, standardise(&values));
        let (_, gradient) = evidence::loss(&observations, LOSSES, &point);
        for (i, slope) in gradient.iter().enumerate() {
            let shifted = |by: f64| {
                let mut point = point.clone();
                point[i] += by;
                evidence::loss(&observations, LOSSES, &point).0
            };
            let difference = (shifted(1e-5) - shifted(-1e-5)) / 2e-5;
            prop_assert!((slope - difference).abs() < 1e-5 * (1.0 + slope.abs()), "{i}: {slope} {difference}");
        }
    }

    #[test]
    fn a_factor_solves_and_inverts(seed in any::<u64>(), n in 1_usize..30) {
        let mut draws = ChaCha12Rng::seed_from_u64(seed);
        let b: Vec<f64> = (0..n * n).map(|_| draws.random::<f64>() - 0.5).collect();
        let entry = |i: usize, j: usize| {
            let product: f64 = (0..n).map(|k| b[i * n + k] * b[j * n + k]).sum();
            product + if i == j { 0.1 } else { 0.0 }
        };
        let matrix: Vec<f64> = (0..n * n).map(|at| entry(at / n, at % n)).collect();
        let cholesky = Cholesky::new(matrix.clone(), n).expect("positive definite");
        let x = cholesky.solve(&b[..n]);
        let inverse = cholesky.inverse();
        for i in 0..n {
            let back: f64 = (0..n).map(|j| matrix[i * n + j] * x[j]).sum();
            prop_assert!((back - b[i]).abs() < 1e-9);
            let by_inverse: f64 = (0..n).map(|j| inverse[i.max(j) * n + i.min(j)] * b[j]).sum();
            prop_assert!((by_inverse - x[i]).abs() < 1e-9);
        }
    }
}

#[test]
fn believing_takes_uncertainty_away_and_leaves_the_mean() {
    let space = mixed();
    let (encoding, mut rows) = random_rows(&space, 14, 3);
    let pending = rows.split_off(12);
    let values: Vec<f64> = rows.iter().map(|row| cos(3.0 * row[1]) + row[0]).collect();
    let observations = Observations::new(&encoding, rows.clone(), standardise(&values));
    let fitted = || Posterior::fit(&encoding, observations.clone()).unwrap();
    let (before, after) = (fitted(), fitted().believing(pending.clone()).unwrap());
    for row in rows.iter().chain(&pending) {
        assert_close("mean", after.at(row).0, before.at(row).0, 1e-6);
    }
    for row in &pending {
        assert!(after.at(row).1 < 0.5 * before.at(row).1, "{:?} {:?}", after.at(row), before.at(row));
    }
}

#[test]
fn noise_is_believed_where_the_values_show_it() {
    let space = cube(2);
    let (encoding, rows) = random_rows(&space, 30, 11);
    let mut draws = ChaCha12Rng::seed_from_u64(5);
    let mut noise_of = |amplitude: f64| {
        let mut value =
            |row: &Vec<f64>| cos(3.0 * row[0]) + row[1] + amplitude * (draws.random::<f64>() - 0.5);
        let values: Vec<f64> = rows.iter().map(&mut value).collect();
        let observations = Observations::new(&encoding, rows.clone(), standardise(&values));
        Posterior::fit(&encoding, observations).unwrap().noise()
    };
    let (none, some) = (noise_of(0.0), noise_of(0.5));
    assert!(none < 2e-8, "{none:e}");
    assert!(some > 1e-3, "{some:e}");
}

#[test]
fn a_matrix_that_is_not_positive_definite_is_refused() {
    assert!(Cholesky::new(vec![1.0, 0.0, 2.0, 1.0], 2).is_none());
    assert!(Cholesky::new(vec![f64::NAN], 1).is_none());
}

#[test]
fn bad_losses_are_drawn_in_and_the_order_stays() {
    let drawn = standardise(&[1.0, 2.0, 3.0, 4.0, 1e6]);
    assert!(drawn.is_sorted());
    assert!((drawn[1] - drawn[0] - (drawn[2] - drawn[1])).abs() < 1e-12, "{drawn:?}");
    assert!(drawn[4] - drawn[3] < 30.0 * (drawn[1] - drawn[0]), "{drawn:?}");
    assert_eq!(standardise(&[0.3; 4]), [0.0; 4]);
}
