//! A prior draws the first trials to where it expects good values, and gives way to results.

use std::collections::BTreeMap;

use pedigree_protocol::objective::Goal;
use pedigree_protocol::{Dimension, Domain};
use pedigree_protocol::{Method, Prior, Scalar, Space};
use pedigree_sampler::{History, Observed, Outcome, Search, suggest};

const SEEDS: u64 = 20;

fn text(name: &str) -> Scalar {
    Scalar::Text(name.to_owned())
}

/// A rate and a kind; the prior expects good values around 0.8 and at `b`.
fn space(prior: bool) -> Space {
    let dimension =
        |name: &str, domain, prior| Dimension { name: name.to_owned(), domain, when: BTreeMap::new(), prior };
    let around = prior.then_some(Prior::Normal { mu: Scalar::Float(0.8), sigma: 0.1 });
    let weights = prior.then(|| Prior::Weights { weights: vec![1.0, 8.0, 1.0] });
    Space::new(vec![
        dimension("rate", Domain::Float { min: 0.0, max: 1.0, log: false, step: None }, around),
        dimension("kind", Domain::Categorical { values: ["a", "b", "c"].map(text).to_vec() }, weights),
    ])
    .expect("valid")
}

/// The best configuration of a search.
struct Best {
    rate: f64,
    kind: &'static str,
}

struct Drawn {
    rate: f64,
    kind: Scalar,
    loss: f64,
}

/// The trials of a search whose loss is the distance from the best rate, and 0.3 more for another kind.
fn run(space: &Space, method: Method, seed: u64, trials: u32, best: &Best) -> Vec<Drawn> {
    let search = Search { method, space, goal: Goal::Minimize, seed, trials: Some(trials) };
    let (mut seen, mut drawn): (Vec<Observed>, Vec<_>) = (Vec::new(), Vec::new());
    for number in 1..=trials {
        let params = suggest(&search, number, &History::new(seen.clone())).params.into_values();
        let (rate, kind) = (params["rate"].as_f64().expect("a number"), params["kind"].clone());
        let loss = (rate - best.rate).abs() + if kind == text(best.kind) { 0.0 } else { 0.3 };
        drawn.push(Drawn { rate, kind, loss });
        seen.push(Observed { number, params: params.into(), outcome: Outcome::Completed(loss) });
    }
    drawn
}

fn share(drawn: &[Drawn], is: impl Fn(&Drawn) -> bool) -> f64 {
    drawn.iter().filter(|trial| is(trial)).count() as f64 / drawn.len() as f64
}

#[test]
fn the_first_trials_are_drawn_where_good_values_are_expected() {
    for method in [Method::Tpe, Method::Auto] {
        let early = |prior| -> Vec<_> {
            (0..SEEDS)
                .flat_map(|seed| run(&space(prior), method, seed, 8, &Best { rate: 0.8, kind: "b" }))
                .collect()
        };
        let near = |drawn: &[Drawn]| share(drawn, |trial| (trial.rate - 0.8).abs() < 0.2);
        let believed = |drawn: &[Drawn]| share(drawn, |trial| trial.kind == text("b"));
        let (with, without) = (early(true), early(false));
        assert!(near(&with) > 0.8 && near(&without) < 0.7, "{} {}", near(&with), near(&without));
        assert!(
            believed(&with) > 0.65 && believed(&without) < 0.65,
            "{} {}",
            believed(&with),
            believed(&without)
        );
    }
}

#[test]
fn a_wrong_belief_is_overcome() {
    for seed in 0..SEEDS {
        let drawn = run(&space(true), Method::Tpe, seed, 80, &Best { rate: 0.2, kind: "a" });
        let least = drawn.iter().map(|trial| trial.loss).fold(f64::INFINITY, f64::min);
        assert!(least < 0.1, "seed {seed}: {least}");
        let late = share(&drawn[60..], |trial| (trial.rate - 0.2).abs() < 0.25 && trial.kind == text("a"));
        assert!(late > 0.5, "seed {seed}: {late}");
    }
}

#[test]
fn auto_takes_the_sampler_that_knows_priors() {
    let space = space(true);
    let search =
        Search { method: Method::Auto, space: &space, goal: Goal::Minimize, seed: 1, trials: Some(40) };
    let record = suggest(&search, 1, &History::default()).record;
    assert_eq!(record.chosen.unwrap().sampler.sampler, "tpe");
}
