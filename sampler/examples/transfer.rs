//! What donors are worth, on families of related objectives: trials until the regret is that of a cold start after 20.
//!
//! ```text
//! cargo run --release -p pedigree-sampler --example transfer [FAMILIES] [METHOD] [SHIFT]
//! ```
//!
//! A family is a surface shaped like the loss of a LoRA fine-tuning; its members differ in where their optimum lies. Three
//! members are the donors: `tpe` has searched them cold, 40 trials each. A fourth member is searched with and without them.
//! Unrelated donors have their optima anywhere, are the surface upside down, or have random values. Every search with donors
//! is paired with a search without them of the same member, seed and noise. Each family has four such pairs, and the errors
//! are those between families.

#![expect(
    clippy::disallowed_methods,
    reason = "an objective of a measurement; no suggestion depends on its last bits"
)]

use std::collections::BTreeMap;
use std::io::Write;

use pedigree_protocol::objective::Goal;
use pedigree_protocol::{Dimension, Domain};
use pedigree_protocol::{Method, ParamValues, Scalar, Space};
use pedigree_sampler::transfer::Donor;
use pedigree_sampler::{History, Observed, Outcome, Search, suggest};

/// Trials of a donor, and the budget that every search is told.
const TRIALS: u32 = 40;
/// Searches are compared after this many trials, and run for longer to see when a slower one catches up.
const COMPARED: usize = 20;
const RUN: u32 = 24;
const DONORS: u64 = 3;
/// Searches of the fourth member of a family.
const REPLICATES: u64 = 4;

/// Makes donor `i` of a seed.
type DonorOf<'a> = &'a dyn Fn(u64, u64) -> Member;

/// What a member's loss looks like.
#[derive(Debug, Clone, Copy)]
enum Shape {
    Bowl,
    UpsideDown,
    /// It does not depend on the parameters.
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

/// A draw between 0 and 1 that depends only on its arguments.
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

/// How a member is searched.
#[derive(Debug, Clone, Copy)]
struct Plan {
    method: Method,
    seed: u64,
    trials: u32,
}

/// What a search found.
struct Found {
    trials: Vec<Observed>,
    /// The best loss after each trial.
    curve: Vec<f64>,
}

fn search(space: &Space, member: Member, plan: Plan, donors: &[Donor]) -> Found {
    let Plan { method, seed, trials: length } = plan;
    let (mut trials, mut curve): (Vec<Observed>, Vec<f64>) = (Vec::new(), Vec::new());
    let search = Search { method, space, goal: Goal::Minimize, seed, trials: Some(TRIALS) };
    for number in 1..=length {
        let history = History::new(trials.clone()).with_donors(donors.to_vec());
        let params = suggest(&search, number, &history).params.into_values();
        let loss = member.loss(&params);
        let noise = 0.02 * (draw(member.seed ^ seed, 1000 + u64::from(number)) - 0.5);
        trials.push(Observed { number, params: params.into(), outcome: Outcome::Completed(loss + noise) });
        curve.push(curve.last().map_or(loss, |best: &f64| best.min(loss)));
    }
    Found { trials, curve }
}

/// A comparison of searches by a method, on families whose optima are shifted by up to `shift` of each range.
struct Comparison {
    space: Space,
    method: Method,
    families: u64,
    shift: f64,
}

impl Comparison {
    /// The regret after each trial, for each family: the mean over its searches with the donors that `donor` makes.
    fn curves(&self, donor: Option<DonorOf<'_>>) -> Vec<Vec<f64>> {
        (0..self.families).map(|family| self.curve(family, donor)).collect()
    }

    fn curve(&self, family: u64, donor: Option<DonorOf<'_>>) -> Vec<f64> {
        let donors: Vec<Donor> = donor.map_or_else(Vec::new, |donor| {
            let plan = |i| Plan { method: Method::Tpe, seed: 7_000 + family * 10 + i, trials: TRIALS };
            let trials = |i| search(&self.space, donor(family, i), plan(i), &[]).trials;
            (1..=DONORS).map(|i| Donor { study: format!("donor {i}"), trials: trials(i) }).collect()
        });
        let member = Member::related(family, 0, self.shift);
        let mut mean = vec![0.0; RUN as usize];
        for replicate in 0..REPLICATES {
            let seed = family + replicate * self.families;
            let plan = Plan { method: self.method, seed, trials: RUN };
            let curve = search(&self.space, member, plan, &donors).curve;
            mean.iter_mut().zip(curve).for_each(|(mean, regret)| *mean += regret / REPLICATES as f64);
        }
        mean
    }

    /// A row for each kind of donors.
    fn rows(&self, out: &mut impl Write) -> std::io::Result<()> {
        let related = |family, i| Member::related(family, i, self.shift);
        let unrelated = |family: u64, i: u64| Member::related(90_000 + family * 10 + i, i, 0.3);
        let mixed = |family, i| if i == DONORS { related(family, i) } else { unrelated(family, i) };
        let inverse = |family, i| Member { shape: Shape::UpsideDown, ..related(family, i) };
        let chance = |family, i| Member { shape: Shape::Chance, ..related(family, i) };
        let arms: [(&str, DonorOf<'_>); 5] = [
            ("unrelated", &unrelated),
            ("upside down", &inverse),
            ("values at random", &chance),
            ("related", &related),
            ("one related of three", &mixed),
        ];
        let cold = self.curves(None);
        row(out, "none", &cold, &cold)?;
        for (name, donor) in arms {
            row(out, name, &self.curves(Some(donor)), &cold)?;
        }
        Ok(())
    }
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len() as f64;
    values.sum::<f64>() / count
}

/// Writes the mean regrets, their ratio to those of cold starts with its standard error over the families, and the trials
/// until the regret is that of the compared cold starts.
fn row(out: &mut impl Write, name: &str, curves: &[Vec<f64>], cold: &[Vec<f64>]) -> std::io::Result<()> {
    let after = |curves: &[Vec<f64>], trials: usize| mean(curves.iter().map(|curve| curve[trials - 1]));
    let goal = after(cold, COMPARED);
    let ratio = after(curves, COMPARED) / goal;
    let off =
        |(curve, cold): (&Vec<f64>, &Vec<f64>)| (curve[COMPARED - 1] - ratio * cold[COMPARED - 1]).powi(2);
    let error = (mean(curves.iter().zip(cold).map(off)) / (curves.len() as f64 - 1.0)).sqrt() / goal;
    let reached = (1..=RUN as usize).find(|&trials| after(curves, trials) <= goal);
    let reached = reached.map_or(format!("more than {RUN}"), |trials| trials.to_string());
    let (ten, twenty, short) = (after(curves, 10), after(curves, COMPARED), after(curves, COMPARED - 1));
    let (extra, error) = (100.0 * (ratio - 1.0), 100.0 * error);
    writeln!(out, "{name:<21} {ten:.4} {short:.4} {twenty:.4}  {extra:+5.1} +- {error:.1} %  {reached}")?;
    out.flush()
}

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let families = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(200);
    let method = arguments.next().and_then(|name| Method::named(&name)).unwrap_or(Method::Tpe);
    let shift = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(0.1);
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{}, {families} families of {REPLICATES} searches, optima shifted by up to {shift}; donors, mean regret after 10, 19 and \
         {COMPARED} trials, the last against cold starts (+- one standard error), trials to theirs",
        method.as_str()
    )?;
    Comparison { space: space(), method, families, shift }.rows(&mut out)
}
