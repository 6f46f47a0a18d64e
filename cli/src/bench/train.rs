//! `pedigree bench train`: training steps on random weights, timed.

use std::io::Write;

use indicatif::{ProgressBar, ProgressStyle};
use pedigree_trainer_core::backbone::{Family, PublishedSize};
use pedigree_trainer_core::{BenchReport, BenchSpec, DeviceChoice, Precision, bench};
use serde_json::json;

use crate::output::{Output, bytes, write_facts};

#[derive(Debug, clap::Args)]
pub(crate) struct BenchTrainArgs {
    /// Architecture: bert, electra or deberta-v2
    #[arg(long, default_value = "bert", value_parser = crate::backbone::family)]
    family: Family,
    /// Size: small (MiniLM-L6, electra-small, deberta-v3-xsmall), base (12 layers of 768) or large (24 of 1024)
    #[arg(long, default_value = "small", value_parser = size)]
    size: PublishedSize,
    /// Steps to measure, after one warm-up step
    #[arg(long, default_value_t = 5, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    steps: u16,
    /// Sequences in a batch
    #[arg(long, default_value_t = 32, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    batch: u16,
    /// Pieces in a sequence
    #[arg(long, default_value_t = 64, value_name = "N", value_parser = clap::value_parser!(u16).range(4..=512))]
    length: u16,
    /// Device: cpu, or cuda in a build with CUDA
    #[arg(long, default_value = "cpu", value_parser = named::<DeviceChoice>)]
    device: DeviceChoice,
    /// Number format: auto (bf16 on cuda, f32 on the cpu), f32, bf16 or fp16
    #[arg(long, default_value = "auto", value_parser = named::<Precision>)]
    precision: Precision,
    /// Save memory: keep only the inputs of layers and recompute the rest
    #[arg(long)]
    gradient_checkpointing: bool,
    /// Threads [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
    /// Seed of the weights and the input
    #[arg(long, default_value_t = 42)]
    seed: u64,
}

/// A value by its name in a job file.
fn named<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_value(text.into()).map_err(|error| error.to_string())
}

fn size(text: &str) -> Result<PublishedSize, String> {
    let known = PublishedSize::ALL.map(PublishedSize::as_str).join(", ");
    let named = PublishedSize::ALL.into_iter().find(|size| size.as_str() == text);
    named.ok_or_else(|| format!("no such size; write one of {known}"))
}

impl BenchTrainArgs {
    /// Threads, where they are given.
    pub(super) fn threads(&self) -> Option<usize> {
        self.threads.map(usize::from)
    }
}

pub(super) fn run(args: &BenchTrainArgs, output: Output) -> anyhow::Result<()> {
    let spec = BenchSpec {
        family: args.family,
        size: args.size,
        steps: usize::from(args.steps),
        batch_size: usize::from(args.batch),
        length: usize::from(args.length),
        device: args.device,
        precision: args.precision,
        gradient_checkpointing: args.gradient_checkpointing,
        seed: args.seed,
    };
    // The bar is on stderr, and only at a terminal.
    let bar = ProgressBar::new(u64::from(args.steps) + 1)
        .with_style(ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} steps, {elapsed}")?)
        .with_message("training steps");
    bar.tick();
    let report = bench(spec, &mut |done, _| bar.set_position(done as u64))?;
    bar.finish_and_clear();
    let document = json!({
        "family": args.family.model_type(),
        "size": args.size,
        "batch_size": args.batch,
        "length": args.length,
        "threads": std::env::var("RAYON_NUM_THREADS").ok(),
        "seed": args.seed,
        "report": report,
    });
    output.document(&document, |screen| write_report(screen, &report))
}

fn write_report(screen: &mut dyn Write, report: &BenchReport) -> std::io::Result<()> {
    let unit = if report.device.starts_with("cpu") { "CPU second" } else { "second" };
    let facts = [
        ("device", report.device.clone()),
        ("step", format!("{:.3} s, median of {}", report.step_seconds, report.steps)),
        ("tokens/s", format!("{:.0}", report.tokens_per_second)),
        ("sequences/s", format!("{:.1}", report.sequences_per_second)),
        ("tokens/CPU s", format!("{:.0}", report.tokens_per_cpu_second)),
        ("peak memory", bytes(i64::try_from(report.peak_memory_bytes).unwrap_or(i64::MAX))),
        (
            "matmul share",
            format!("{:.0} % of {:.0} GFLOP per {unit}", 100.0 * report.matmul_share, report.matmul_gflops),
        ),
        ("trained values", report.trainable_parameters.to_string()),
    ];
    write_facts(screen, &facts)
}
