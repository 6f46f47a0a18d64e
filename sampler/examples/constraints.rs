//! How many trials of each sampler run out of memory or diverge, and what the sampler finds: on surfaces shaped like a LoRA
//! fine-tuning's loss, and where most of the space fails.
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
use pedigree_protocol::{Dimension, Domain};
use pedigree_protocol::{Method, ParamValues, Scalar, Space};
use pedigree_sampler::{History, Observed, Outcome, Search, suggest};

const TRIALS: u32 = 40;
const TARGETS: [&str; 3] = ["qv", "qkvo", "all"];

/// A loss over a space; `None` where the trial fails.
struct Surface {
    name: &'static str,
    space: Space,
    loss: fn(&ParamValues) -> Option<f64>,
}

fn surfaces() -> Vec<Surface> {
    let surface = |name, space, loss| Surface { name, space, loss };
    vec![
        surface("memory, the best configurations at its edge", lora(), at_the_edge),
        surface("memory, the best configurations inside", lora(), inside),
        surface("learning rates that diverge, the best ones just below", lora(), below_a_cliff),
        surface("all but a ball of a cube, the best point at its edge", cube(), in_a_ball),
    ]
}

fn dimension(name: &str, domain: Domain) -> Dimension {
    Dimension { name: name.to_owned(), domain, when: BTreeMap::new(), prior: None }
}

fn lora() -> Space {
    let ordinal =
        |values: &[i64]| Domain::Ordinal { values: values.iter().copied().map(Scalar::Int).collect() };
    let targets = TARGETS.map(|name| Scalar::Text(name.to_owned())).to_vec();
    Space::new(vec![
        dimension("learning_rate", Domain::Float { min: 1e-5, max: 1e-2, log: true, step: None }),
        dimension("batch_size", ordinal(&[4, 8, 16, 32, 64, 128])),
        dimension("lora_r", Domain::Int { min: 2, max: 128, log: true, step: None }),
        dimension("lora_dropout", Domain::Float { min: 0.0, max: 0.5, log: false, step: None }),
        dimension("lora_targets", Domain::Categorical { values: targets }),
    ])
    .expect("a valid space")
}

fn cube() -> Space {
    let unit = Domain::Float { min: 0.0, max: 1.0, log: false, step: None };
    Space::new(["a", "b", "c", "d"].map(|name| dimension(name, unit.clone())).to_vec())
        .expect("a valid space")
}

fn number(params: &ParamValues, name: &str) -> f64 {
    params[name].as_f64().expect("a number")
}

/// A configuration of `lora`, in the units that losses are written in.
struct Lora {
    /// Logarithms, to base 10 and 2.
    rate: f64,
    batch: f64,
    rank: f64,
    dropout: f64,
    targets: f64,
}

impl Lora {
    fn of(params: &ParamValues) -> Self {
        let place = TARGETS.iter().position(|name| params["lora_targets"] == Scalar::Text((*name).into()));
        Self {
            rate: number(params, "learning_rate").log10(),
            batch: number(params, "batch_size").log2(),
            rank: number(params, "lora_r").log2(),
            dropout: number(params, "lora_dropout"),
            targets: place.unwrap_or(0) as f64,
        }
    }

    /// Three quarters of the space fit.
    fn fits(&self) -> bool {
        self.batch + 0.5 * self.rank + 0.7 * self.targets <= 8.2
    }

    /// The best rate rises with the batch size.
    fn off_rate(&self) -> f64 {
        self.rate + 3.3 - 0.15 * (self.batch - 4.0)
    }
}

fn at_the_edge(params: &ParamValues) -> Option<f64> {
    let it = Lora::of(params);
    let small = 0.05 * (7.0 - it.batch) + 0.03 * (7.0 - it.rank) + 0.05 * (2.0 - it.targets);
    it.fits().then(|| it.off_rate().powi(2) + small + it.dropout)
}

fn inside(params: &ParamValues) -> Option<f64> {
    let it = Lora::of(params);
    let off =
        0.05 * (it.batch - 4.0).powi(2) + 0.03 * (it.rank - 3.5).powi(2) + 0.05 * (it.targets - 1.0).abs();
    it.fits().then(|| it.off_rate().powi(2) + off + (it.dropout - 0.1).powi(2))
}

fn below_a_cliff(params: &ParamValues) -> Option<f64> {
    let it = Lora::of(params);
    let rate = it.rate + 3.0 - 0.25 * (it.batch - 4.0);
    let off = 0.05 * (it.batch - 4.0).powi(2) + 0.03 * (7.0 - it.rank) + 0.05 * (2.0 - it.targets);
    (rate <= 0.15).then(|| rate * rate + off + (it.dropout - 0.1).powi(2))
}

fn in_a_ball(params: &ParamValues) -> Option<f64> {
    let x = ["a", "b", "c", "d"].map(|name| number(params, name));
    let from_centre: f64 = x.iter().map(|x| (x - 0.35).powi(2)).sum();
    let loss = || x.iter().zip([1.0, 0.5, 2.0, 0.3]).map(|(x, weight)| weight * (x - 0.8).powi(2)).sum();
    (from_centre <= 0.25).then(loss)
}

struct Found {
    /// Failed trials of the first and of the second half.
    failed: [u32; 2],
    /// The best loss.
    least: f64,
}

fn search(method: Method, surface: &Surface, seed: u64) -> Found {
    let search = Search { method, space: &surface.space, goal: Goal::Minimize, seed, trials: Some(TRIALS) };
    let (mut seen, mut failed, mut least) = (Vec::new(), [0; 2], f64::INFINITY);
    for number in 1..=TRIALS {
        let params = suggest(&search, number, &History::new(seen.clone())).params.into_values();
        let loss = (surface.loss)(&params);
        failed[usize::from(number > TRIALS / 2)] += u32::from(loss.is_none());
        least = loss.map_or(least, |loss| least.min(loss));
        let outcome = loss.map_or(Outcome::Infeasible { violation: 1.0 }, Outcome::Completed);
        seen.push(Observed { number, params: params.into(), outcome });
    }
    Found { failed, least }
}

fn main() -> std::io::Result<()> {
    let seeds: u64 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(100);
    let mut out = std::io::stdout().lock();
    writeln!(out, "{seeds} seeds; failed of trials 1-20, of trials 21-40; mean of the best loss after 40")?;
    for surface in surfaces() {
        writeln!(out, "{}", surface.name)?;
        for method in [Method::Random, Method::Optuna5, Method::Tpe, Method::Gp] {
            let runs: Vec<_> = (0..seeds).map(|seed| search(method, &surface, seed)).collect();
            let share = |half: usize| {
                let failed: u32 = runs.iter().map(|run| run.failed[half]).sum();
                100.0 * f64::from(failed) / (u64::from(TRIALS / 2) * seeds) as f64
            };
            let best = runs.iter().map(|run| run.least).sum::<f64>() / seeds as f64;
            let name = method.as_str();
            writeln!(out, "  {name:<10} {:4.1} %  {:4.1} %  {best:.4}", share(0), share(1))?;
        }
    }
    Ok(())
}
