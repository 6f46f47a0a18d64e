//! How often samplers walk into what does not fit: a surface shaped like a LoRA fine-tuning's loss that falls towards
//! large batches and ranks, of which the largest run out of memory.
//!
//! ```text
//! cargo run --release -p pedigree-sampler --example constraints [SEEDS]
//! ```
//!
//! `optuna-5` does not see failed trials, as Optuna does not: it stands for a sampler without constraints.

#![expect(
    clippy::disallowed_methods,
    reason = "an objective of a measurement; no suggestion depends on its last bits"
)]

use std::collections::BTreeMap;
use std::io::Write;

use pedigree_protocol::objective::Goal;
use pedigree_protocol::space::{Dimension, Domain};
use pedigree_protocol::{Method, ParamValues, Scalar, Space};
use pedigree_sampler::{History, Observed, Outcome, Search, suggest};

const TRIALS: u32 = 40;

fn space() -> Space {
    let dimension =
        |name: &str, domain| Dimension { name: name.to_owned(), domain, when: BTreeMap::new(), prior: None };
    let ordinal =
        |values: &[i64]| Domain::Ordinal { values: values.iter().copied().map(Scalar::Int).collect() };
    let targets = ["qv", "qkvo", "all"].map(|name| Scalar::Text(name.to_owned())).to_vec();
    Space::new(vec![
        dimension("learning_rate", Domain::Float { min: 1e-5, max: 1e-2, log: true, step: None }),
        dimension("batch_size", ordinal(&[4, 8, 16, 32, 64, 128])),
        dimension("lora_r", Domain::Int { min: 2, max: 128, log: true, step: None }),
        dimension("lora_dropout", Domain::Float { min: 0.0, max: 0.5, log: false, step: None }),
        dimension("lora_targets", Domain::Categorical { values: targets }),
    ])
    .expect("a valid space")
}

/// The loss; `None` where the memory does not suffice: at a quarter of the space.
fn run(params: &ParamValues) -> Option<f64> {
    let number = |name: &str| params[name].as_f64().expect("a number");
    let place =
        ["qv", "qkvo", "all"].iter().position(|name| params["lora_targets"] == Scalar::Text((*name).into()));
    let targets = place.unwrap_or(0) as f64;
    let (batch, rank) = (number("batch_size").log2(), number("lora_r").log2());
    if batch + 0.5 * rank + 0.7 * targets > 8.2 {
        return None;
    }
    let rate = number("learning_rate").log10() + 3.3 - 0.15 * (batch - 4.0);
    Some(
        rate * rate
            + 0.05 * (7.0 - batch)
            + 0.03 * (7.0 - rank)
            + 0.05 * (2.0 - targets)
            + number("lora_dropout"),
    )
}

fn main() -> std::io::Result<()> {
    let seeds: u64 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(100);
    let (space, mut out) = (space(), std::io::stdout().lock());
    writeln!(out, "{seeds} seeds; failed of trials 1-20, of trials 21-40; mean of the best loss after 40")?;
    for method in [Method::Random, Method::Optuna5, Method::Tpe, Method::Gp] {
        let (mut early, mut late, mut best) = (0_u32, 0_u32, 0.0);
        for seed in 0..seeds {
            let search = Search { method, space: &space, goal: Goal::Minimize, seed, trials: Some(TRIALS) };
            let (mut seen, mut least) = (Vec::new(), f64::INFINITY);
            for number in 1..=TRIALS {
                let params = suggest(&search, number, &History::new(seen.clone())).params.into_values();
                let loss = run(&params);
                let failed = u32::from(loss.is_none());
                *(if number <= 20 { &mut early } else { &mut late }) += failed;
                least = loss.map_or(least, |loss| least.min(loss));
                let outcome = loss.map_or(Outcome::Infeasible { violation: 1.0 }, Outcome::Completed);
                seen.push(Observed { number, params, outcome });
            }
            best += least / seeds as f64;
        }
        let share = |failed: u32| 100.0 * f64::from(failed) / (20 * seeds) as f64;
        let name = method.as_str();
        writeln!(out, "{name:<10} {:4.1} %  {:4.1} %  {best:.4}", share(early), share(late))?;
    }
    Ok(())
}
