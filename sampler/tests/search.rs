//! The model-based samplers find better points than random search, on functions with a known optimum and over fixed seeds.

#![expect(
    clippy::disallowed_methods,
    reason = "an objective of a test; no suggestion depends on its last bits"
)]

use std::collections::BTreeMap;
use std::f64::consts::PI;

use pedigree_protocol::objective::Goal;
use pedigree_protocol::{Dimension, Domain};
use pedigree_protocol::{Method, Params, Scalar, Space};
use pedigree_sampler::{History, Observed, Outcome, Search, suggest};

const TRIALS: u32 = 40;
const SEEDS: u64 = 30;

fn dimension(name: &str, domain: Domain) -> Dimension {
    Dimension { name: name.to_owned(), domain, when: BTreeMap::new(), prior: None }
}

fn float(name: &str, min: f64, max: f64, log: bool) -> Dimension {
    dimension(name, Domain::Float { min, max, log, step: None })
}

fn number(params: &Params, name: &str) -> f64 {
    params.get(name).and_then(Scalar::as_f64).expect("a dimension without conditions has a number")
}

fn branin_space() -> Space {
    Space::new(vec![float("x", -5.0, 10.0, false), float("y", 0.0, 15.0, false)]).expect("valid")
}

fn branin(params: &Params) -> f64 {
    let (x, y) = (number(params, "x"), number(params, "y"));
    let bend = y - 5.1 / (4.0 * PI * PI) * x * x + 5.0 / PI * x - 6.0;
    bend * bend + 10.0 * (1.0 - 1.0 / (8.0 * PI)) * x.cos() + 10.0 - 0.397_887
}

/// The shape of a fine-tuning's loss: the best learning rate moves with the batch size; one optimizer is worse, the
/// other has a parameter of its own.
fn tuning_space() -> Space {
    let text = |s: &str| Scalar::Text(s.to_owned());
    let mut momentum = float("momentum", 0.0, 0.99, false);
    momentum.when = [("optimizer".to_owned(), vec![text("sgd")])].into();
    Space::new(vec![
        float("learning_rate", 1e-5, 1e-1, true),
        dimension("batch_size", Domain::Ordinal { values: [8, 16, 32, 64].map(Scalar::Int).to_vec() }),
        dimension("lora_r", Domain::Int { min: 1, max: 64, log: true, step: None }),
        dimension("dropout", Domain::Float { min: 0.0, max: 0.5, log: false, step: Some(0.05) }),
        dimension("optimizer", Domain::Categorical { values: vec![text("adamw"), text("sgd")] }),
        momentum,
    ])
    .expect("valid")
}

fn tuning(params: &Params) -> f64 {
    let batch = number(params, "batch_size").log2();
    let rate = number(params, "learning_rate").log10() + 3.5 - 0.3 * (batch - 4.0);
    let rank = number(params, "lora_r").log2() - 4.0;
    let dropout = number(params, "dropout") - 0.1;
    let momentum = params.get("momentum").and_then(Scalar::as_f64);
    let optimizer = momentum.map_or(0.0, |m| 0.5 + (m - 0.9).powi(2));
    rate * rate + 0.1 * (batch - 5.0).powi(2) + 0.05 * rank * rank + 4.0 * dropout * dropout + optimizer
}

/// The mean over seeds of the best loss found, `in_flight` trials at a time, finished in the order of their start.
fn mean_best(method: Method, space: &Space, loss: fn(&Params) -> f64, goal: Goal, in_flight: usize) -> f64 {
    let best = |seed| {
        let mut trials: Vec<Observed> = Vec::new();
        let mut best = f64::INFINITY;
        for number in 1..=TRIALS {
            let open = trials.len().saturating_sub(in_flight - 1);
            let mut visible = trials.clone();
            visible[open..].iter_mut().for_each(|trial| trial.outcome = Outcome::Pending);
            let search = Search { method, space, goal, seed, trials: Some(TRIALS) };
            let params = suggest(&search, number, &History::new(visible)).params;
            let loss = loss(&params);
            best = loss.min(best);
            let value = if goal == Goal::Maximize { -loss } else { loss };
            trials.push(Observed {
                number,
                params: params.into_values().into(),
                outcome: Outcome::Completed(value),
            });
        }
        best
    };
    (0..SEEDS).map(best).sum::<f64>() / SEEDS as f64
}

fn assert_clearly_better(space: &Space, loss: fn(&Params) -> f64, goal: Goal, in_flight: usize) {
    let random = mean_best(Method::Random, space, loss, goal, in_flight);
    for (method, share) in [(Method::Tpe, 0.7), (Method::Gp, 0.5)] {
        let best = mean_best(method, space, loss, goal, in_flight);
        assert!(best < share * random, "{method:?} {best:.4}, random {random:.4}, {in_flight} in flight");
    }
}

#[test]
fn branin_one_at_a_time() {
    assert_clearly_better(&branin_space(), branin, Goal::Minimize, 1);
}

#[test]
fn branin_four_in_flight() {
    assert_clearly_better(&branin_space(), branin, Goal::Minimize, 4);
}

#[test]
fn mixed_and_conditional_one_at_a_time() {
    assert_clearly_better(&tuning_space(), tuning, Goal::Maximize, 1);
}

#[test]
fn mixed_and_conditional_eight_in_flight() {
    assert_clearly_better(&tuning_space(), tuning, Goal::Maximize, 8);
}

#[test]
fn a_gaussian_process_comes_close_to_the_optimum() {
    let best = mean_best(Method::Gp, &branin_space(), branin, Goal::Minimize, 1);
    assert!(best < 0.02, "{best:.4}");
}

/// The best point lies where more fails: half of the square does, and the loss falls towards it.
#[test]
fn a_gaussian_process_finds_the_edge_of_what_fits_and_stays_within() {
    let space = Space::new(vec![float("x", 0.0, 1.0, false), float("y", 0.0, 1.0, false)]).unwrap();
    let (mut failed, mut mean) = (0, 0.0);
    for seed in 0..SEEDS / 3 {
        let search =
            Search { method: Method::Gp, space: &space, goal: Goal::Minimize, seed, trials: Some(TRIALS) };
        let (mut trials, mut best) = (Vec::new(), f64::INFINITY);
        for number in 1..=TRIALS {
            let params = suggest(&search, number, &History::new(trials.clone())).params;
            let (x, y) = (self::number(&params, "x"), self::number(&params, "y"));
            let fits = x + y <= 1.0;
            let loss = 1.0 - x - y + (x - 0.3).powi(2);
            best = if fits { loss.min(best) } else { best };
            failed += u32::from(!fits && number > TRIALS / 2);
            let outcome =
                if fits { Outcome::Completed(loss) } else { Outcome::Infeasible { violation: 1.0 } };
            trials.push(Observed { number, params: params.into_values().into(), outcome });
        }
        mean += best / (SEEDS / 3) as f64;
    }
    let share = f64::from(failed) / (f64::from(TRIALS / 2) * (SEEDS / 3) as f64);
    assert!(share < 0.4, "{share} of the later trials failed");
    assert!(mean < 0.02, "{mean}");
}
