//! `pedigree compare`: whether B is better than A, from the predictions of both on the same sentences.

mod pair;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::ValueEnum;
use pedigree_protocol::objective::ScoringProtocol;
use pedigree_sampler::significance::{approximate_randomisation, holm, paired_bootstrap};
use serde::Serialize;

use crate::output::{Output, table, write_table};

#[derive(Debug, clap::Args)]
pub(crate) struct CompareArgs {
    /// Files of predictions in pairs, one pair per dataset: A.jsonl of model A, then B.jsonl of model B on the same
    /// sentences. A completed run stores predictions.jsonl; `pedigree evaluate --predictions FILE` writes one
    #[arg(required = true, num_args = 2.., value_names = ["A.jsonl", "B.jsonl"])]
    files: Vec<PathBuf>,
    /// Split to compare on, if the files hold several [default: test, if both have it]
    #[arg(long)]
    split: Option<String>,
    /// How entities are read from tags
    #[arg(long, value_enum, default_value_t = Protocol::Strict)]
    protocol: Protocol,
    /// Rounds of the randomisation test and of the bootstrap
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(100..))]
    rounds: u32,
    /// Seed of the random numbers; the same seed gives the same result
    #[arg(long, default_value_t = 42)]
    seed: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Protocol {
    /// An entity must open with B-
    Strict,
    /// An I- that continues no entity opens one too
    Conlleval,
}

impl From<Protocol> for ScoringProtocol {
    fn from(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Strict => Self::Strict,
            Protocol::Conlleval => Self::Conlleval,
        }
    }
}

/// One pair of files.
#[derive(Debug, Serialize)]
struct Comparison {
    a: PathBuf,
    b: PathBuf,
    split: String,
    /// The unit that is swapped and drawn: `documents` or `sentences`.
    unit: &'static str,
    units: usize,
    f1_a: f64,
    f1_b: f64,
    /// F1 of B minus F1 of A.
    difference: f64,
    /// 95 % percentile interval of the paired bootstrap.
    interval: [f64; 2],
    /// Approximate randomisation, two-sided.
    p: f64,
    /// Corrected over all pairs.
    p_holm: f64,
}

#[derive(Debug, Serialize)]
struct Document {
    protocol: Protocol,
    rounds: u32,
    seed: u64,
    comparisons: Vec<Comparison>,
}

pub(crate) fn run(args: &CompareArgs, output: Output) -> anyhow::Result<()> {
    if !args.files.len().is_multiple_of(2) {
        bail!("{} files do not form pairs; give A.jsonl and B.jsonl for each dataset", args.files.len());
    }
    let mut comparisons = args
        .files
        .chunks_exact(2)
        .map(|pair| compare(&pair[0], &pair[1], args))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let p: Vec<f64> = comparisons.iter().map(|comparison| comparison.p).collect();
    for (comparison, p_holm) in comparisons.iter_mut().zip(holm(&p)) {
        comparison.p_holm = p_holm;
    }
    let document = Document { protocol: args.protocol, rounds: args.rounds, seed: args.seed, comparisons };
    output.document(&document, |out| write(out, &document))
}

fn compare(a: &Path, b: &Path, args: &CompareArgs) -> anyhow::Result<Comparison> {
    let pair::PairedSplit { split, paired } = pair::read(a, b, args.split.as_deref(), args.protocol.into())?;
    let test = approximate_randomisation(&paired.units, args.rounds, args.seed);
    let interval = paired_bootstrap(&paired.units, args.rounds, args.seed);
    let total = paired.total();
    Ok(Comparison {
        a: a.to_owned(),
        b: b.to_owned(),
        split,
        unit: paired.unit.as_str(),
        units: paired.units.len(),
        f1_a: total.a.f1(),
        f1_b: total.b.f1(),
        difference: test.difference,
        interval: [interval.low, interval.high],
        p: test.p,
        p_holm: test.p,
    })
}

fn write(out: &mut dyn Write, document: &Document) -> io::Result<()> {
    let score = |value: f64| format!("{value:.4}");
    let rows = document.comparisons.iter().map(|c| {
        vec![
            c.a.display().to_string(),
            c.b.display().to_string(),
            format!("{} {} of {}", c.units, c.unit, c.split),
            score(c.f1_a),
            score(c.f1_b),
            format!("{:+.4}", c.difference),
            format!("{:+.4} to {:+.4}", c.interval[0], c.interval[1]),
            score(c.p),
            score(c.p_holm),
        ]
    });
    let header = ["A", "B", "units", "F1 of A", "F1 of B", "B - A", "95 % interval", "p", "p, Holm"];
    write_table(out, &table(&header, &[3, 4, 5, 7, 8], rows))?;
    let protocol = ScoringProtocol::from(document.protocol).as_str();
    writeln!(
        out,
        "{protocol} F1; p: approximate randomisation, two-sided; interval: paired bootstrap; {} rounds, seed {}",
        document.rounds, document.seed
    )
}
