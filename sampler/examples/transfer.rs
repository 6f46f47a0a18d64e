//! What donors are worth: trials to the regret that a cold start has after 20, on families of related objectives.
//!
//! ```text
//! cargo run --release -p pedigree-sampler --example transfer [SEEDS] [METHOD]
//! ```
//!
//! A family is one surface, shaped like the loss of a LoRA fine-tuning, whose members differ in where their optimum
//! lies. Three members have been searched before (40 trials each, cold); a fourth is searched with and without them.
//! Unrelated donors have their optima anywhere, are the surface upside down, or have values at random. Donors were
//! searched by `tpe`, whichever method the fourth one has.

#![expect(
    clippy::disallowed_methods,
    reason = "an objective of a measurement; no suggestion depends on its last bits"
)]

use std::collections::BTreeMap;
use std::io::Write;

use pedigree_protocol::objective::Goal;
use pedigree_protocol::space::{Dimension, Domain};
use pedigree_protocol::{Method, ParamValues, Scalar, Space};
use pedigree_sampler::transfer::Donor;
use pedigree_sampler::{History, Observed, Outcome, Search, suggest};

const TRIALS: u32 = 40;
const DONORS: u64 = 3;

/// Makes donor `i` of a seed.
type DonorOf<'a> = &'a dyn Fn(u64, u64) -> Member;

/// What a member's loss looks like.
#[derive(Debug, Clone, Copy)]
enum Shape {
    Bowl,
    UpsideDown,
    /// It says nothing of the parameters.
    Chance,
}

/// Where a member of a family has its optimum, each coordinate a share of its range.
#[derive(Debug, Clone, Copy)]
struct Member {
    optimum: [f64; 5],
    /// The better choice of two.
    targets: usize,
    shape: Shape,
    seed: u64,
}

fn space() -> Space {
    let dimension =
        |name: &str, domain| Dimension { name: name.to_owned(), domain, when: BTreeMap::new(), prior: None };
    let float = |min, max, log| Domain::Float { min, max, log, step: None };
    Space::new(vec![
        dimension("learning_rate", float(1e-5, 1e-2, true)),
        dimension("batch_size", Domain::Ordinal { values: [4, 8, 16, 32, 64].map(Scalar::Int).to_vec() }),
        dimension("warmup_ratio", float(0.0, 0.3, false)),
        dimension("lora_dropout", float(0.0, 0.5, false)),
        dimension("lora_r", Domain::Int { min: 2, max: 64, log: true, step: None }),
        dimension(
            "lora_targets",
            Domain::Categorical { values: ["qv", "qkvo"].map(|t| Scalar::Text(t.into())).to_vec() },
        ),
    ])
    .expect("a valid space")
}

/// A draw that depends on its names alone, 0 to 1.
fn draw(seed: u64, what: u64) -> f64 {
    let mut x = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ what.wrapping_mul(0xD1B5_4A32_D192_ED03);
    for _ in 0..3 {
        x ^= x >> 31;
        x = x.wrapping_mul(0x94D0_49BB_1331_11EB);
    }
    (x >> 11) as f64 / (1_u64 << 53) as f64
}

impl Member {
    /// Member `i` of family `family`, its optimum within `spread` of the family's.
    fn related(family: u64, i: u64, spread: f64) -> Self {
        let place = |d: u64| {
            let center = 0.2 + 0.6 * draw(family, d);
            (center + spread * (2.0 * draw(family, 100 + 10 * i + d) - 1.0)).clamp(0.0, 1.0)
        };
        let targets = usize::from(draw(family, 50) < 0.5);
        Self { optimum: [0, 1, 2, 3, 4].map(place), targets, shape: Shape::Bowl, seed: family * 100 + i }
    }

    fn loss(&self, params: &ParamValues) -> f64 {
        let number = |name: &str| params[name].as_f64().expect("a number");
        let shares = [
            (number("learning_rate").log10() + 5.0) / 3.0,
            (number("batch_size").log2() - 2.0) / 4.0,
            number("warmup_ratio") / 0.3,
            number("lora_dropout") / 0.5,
            (number("lora_r").log2() - 1.0) / 5.0,
        ];
        let weights = [4.0, 0.5, 0.15, 0.3, 0.2];
        let off: Vec<f64> = shares.iter().zip(&self.optimum).map(|(share, best)| share - best).collect();
        // The best rate rises with the batch size.
        let rate = off[0] - 0.25 * off[1];
        let bowl: f64 = weights[1..].iter().zip(&off[1..]).map(|(w, d)| w * d * d).sum();
        // Beyond a cliff training diverges.
        let cliff = if rate > 0.3 { 1.0 } else { 0.0 };
        let other = if params["lora_targets"] == Scalar::Text(["qv", "qkvo"][self.targets].into()) {
            0.0
        } else {
            0.08
        };
        let loss = weights[0] * rate * rate + bowl + cliff + other;
        match self.shape {
            Shape::Bowl => loss,
            Shape::UpsideDown => 3.0 - loss,
            Shape::Chance => draw(self.seed, (1e15 * bowl) as u64),
        }
    }
}

/// One search: its trials, and the best loss after each.
fn search(
    space: &Space,
    member: Member,
    method: Method,
    seed: u64,
    donors: &[Donor],
) -> (Vec<Observed>, Vec<f64>) {
    let (mut trials, mut curve): (Vec<Observed>, Vec<f64>) = (Vec::new(), Vec::new());
    let search = Search { method, space, goal: Goal::Minimize, seed, trials: Some(TRIALS) };
    for number in 1..=TRIALS {
        let history = History::new(trials.clone()).with_donors(donors.to_vec());
        let params = suggest(&search, number, &history).params.into_values();
        let loss = member.loss(&params);
        let noise = 0.02 * (draw(member.seed ^ seed, 1000 + u64::from(number)) - 0.5);
        trials.push(Observed { number, params: params.into(), outcome: Outcome::Completed(loss + noise) });
        curve.push(curve.last().map_or(loss, |best: &f64| best.min(loss)));
    }
    (trials, curve)
}

/// The regret after each trial, one curve for each seed, with donors that `donor` makes for the seed and its number.
fn curves(
    space: &Space,
    method: Method,
    (seeds, spread): (u64, f64),
    donor: Option<DonorOf<'_>>,
) -> Vec<Vec<f64>> {
    let curve = |seed| {
        let donors: Vec<Donor> = donor.map_or_else(Vec::new, |donor| {
            let trials = |i| search(space, donor(seed, i), Method::Tpe, 7_000 + seed * 10 + i, &[]).0;
            (1..=DONORS).map(|i| Donor { study: format!("donor {i}"), trials: trials(i) }).collect()
        });
        search(space, Member::related(seed, 0, spread), method, seed, &donors).1
    };
    (0..seeds).map(curve).collect()
}

/// Mean and standard error.
fn mean(values: impl ExactSizeIterator<Item = f64> + Clone) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.clone().sum::<f64>() / count;
    let squares: f64 = values.map(|value| (value - mean) * (value - mean)).sum();
    (mean, (squares / (count - 1.0) / count).sqrt())
}

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let seeds = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(200);
    let method = arguments.next().and_then(|name| Method::named(&name)).unwrap_or(Method::Tpe);
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{}, {seeds} seeds; donors, mean regret after 10, 20 and 40 trials, after 20 against a cold start's, trials to that",
        method.as_str()
    )?;
    for spread in [0.05, 0.1, 0.2] {
        compare(&mut out, method, seeds, spread)?;
    }
    Ok(())
}

/// A row for each kind of donors.
fn compare(out: &mut impl Write, method: Method, seeds: u64, spread: f64) -> std::io::Result<()> {
    let space = space();
    let cold = curves(&space, method, (seeds, spread), None);
    let after = |curves: &[Vec<f64>], trials: usize| mean(curves.iter().map(|curve| curve[trials - 1])).0;
    let goal = after(&cold, 20);
    let related = |seed, i| Member::related(seed, i, spread);
    let unrelated = |seed: u64, i: u64| Member::related(90_000 + seed * 10 + i, i, 0.3);
    let mixed = |seed, i| if i == DONORS { related(seed, i) } else { unrelated(seed, i) };
    let inverse = |seed, i| Member { shape: Shape::UpsideDown, ..Member::related(seed, i, spread) };
    let chance = |seed, i| Member { shape: Shape::Chance, ..Member::related(seed, i, spread) };
    let arms: [(&str, Option<DonorOf<'_>>); 6] = [
        ("cold", None),
        ("related", Some(&related)),
        ("one related of three", Some(&mixed)),
        ("unrelated", Some(&unrelated)),
        ("upside down", Some(&inverse)),
        ("values at random", Some(&chance)),
    ];
    for (name, donor) in arms {
        let curves = curves(&space, method, (seeds, spread), donor);
        let reached = (1..=TRIALS as usize).find(|&trials| after(&curves, trials) <= goal);
        let reached = reached.map_or("never".to_owned(), |trials| trials.to_string());
        let (extra, error) = mean(curves.iter().zip(&cold).map(|(curve, cold)| curve[19] - cold[19]));
        let (extra, error) = (100.0 * extra / goal, 100.0 * error / goal);
        let [ten, twenty, forty] = [10, 20, 40].map(|trials| after(&curves, trials));
        writeln!(
            out,
            "shift {spread:<5} {name:<21} {ten:.4} {twenty:.4} {forty:.4}  {extra:+5.1} +- {error:.1} %  {reached}"
        )?;
    }
    Ok(())
}
