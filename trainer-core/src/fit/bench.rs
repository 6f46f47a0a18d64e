//! Timed training steps on random weights and random pieces: what a step costs at a published size, without data.

use std::time::Instant;

use candle_core::Tensor;
use serde::Serialize;

use super::tagging::step_plan;
use crate::backbone::{EncoderConfig, Family, PublishedSize, published, random_weights};
use crate::job::Hyperparameters;
use crate::model::{Compute, LoraShape, Packed, Tagger};
use crate::optim::Schedule;
use crate::rng::Seeds;
use crate::step::{Batch, Parts, Stepper};
use crate::{DeviceChoice, MicroBatch, Precision, TrainError};

/// Tags of the benched classifier.
const TAGS: usize = 9;
/// First steps. They fill buffers and are not counted.
const WARM_UP: usize = 1;

/// What to time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BenchSpec {
    /// Architecture.
    pub family: Family,
    /// Size of the encoder.
    pub size: PublishedSize,
    /// Counted optimiser steps, at least 1.
    pub steps: usize,
    /// Sequences of a batch, at least 1.
    pub batch_size: usize,
    /// Pieces of each sequence, 4 to 512.
    pub length: usize,
    /// Where to compute.
    pub device: DeviceChoice,
    /// In which type.
    pub precision: Precision,
    /// As in a job.
    pub gradient_checkpointing: bool,
    /// Seed of weights and pieces.
    pub seed: u64,
}

/// What was measured. One training step is forward, backward and update.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BenchReport {
    /// Where and in which type it was computed.
    pub device: String,
    /// Counted steps.
    pub steps: usize,
    /// Median wall seconds of a step.
    pub step_seconds: f64,
    /// Pieces trained on per wall second, by the median step.
    pub tokens_per_second: f64,
    /// Sequences trained on per wall second, by the median step.
    pub sequences_per_second: f64,
    /// Pieces per processor second of all threads, over the counted steps.
    pub tokens_per_cpu_second: f64,
    /// Highest resident memory of the process, bytes; on a GPU, the most of its memory seen in use.
    pub peak_memory_bytes: u64,
    /// Billions of floating-point operations per processor second (on a GPU, per second) of a step's products with frozen
    /// weights, forward and to the input.
    pub gflops: f64,
    /// The same for a single product: all pieces by the feed-forward's first layer.
    pub matmul_gflops: f64,
    /// `gflops` over `matmul_gflops`: the share of time in which a step multiplies frozen weights at full speed.
    pub matmul_share: f64,
    /// Values trained.
    pub trainable_parameters: u64,
}

/// Times training steps with the trainer's defaults (LoRA of rank 16 on q and v). `progress` gets the number of steps
/// done, warm-up included, and the number of all steps.
///
/// # Errors
/// Those of a training. Random weights do not diverge within the steps of a bench.
pub fn bench(spec: BenchSpec, progress: &mut dyn FnMut(usize, usize)) -> Result<BenchReport, TrainError> {
    let seeds = Seeds::root(spec.seed);
    let config = published(spec.family, spec.size);
    let params = Hyperparameters::with_rate(1e-4);
    let compute = crate::device::open(spec.device, spec.precision, spec.gradient_checkpointing)?;
    let tagger = tagger(&config, &params, &seeds, &compute)?;
    let total = WARM_UP + spec.steps;
    let plan = step_plan(&params, Schedule::new(total, 0.0), Parts::new(MicroBatch::Whole, 1));
    let mut stepper = Stepper::new(&tagger, plan, &seeds);
    let batch = batch(spec, &seeds, &compute)?;
    let (mut seconds, mut cpu) = (Vec::with_capacity(spec.steps), 0.0);
    for step in 1..=total {
        let (started, cpu_started) = (Instant::now(), cpu_seconds());
        stepper.step_on(&batch)?;
        if step > WARM_UP {
            seconds.push(started.elapsed().as_secs_f64());
            cpu += cpu_seconds() - cpu_started;
        }
        progress(step, total);
    }
    // Before the single product, whose operands are not the step's.
    let peak_memory_bytes = stepper.peak_bytes();
    let matmul = matmul_rate(&config, batch.packed.pieces(), &compute)?;
    let measured = Measured { seconds, cpu, matmul, peak_memory_bytes };
    Ok(measured.report(spec, &config, &compute, tagger.trainable_parameters()))
}

fn tagger(
    config: &EncoderConfig,
    params: &Hyperparameters,
    seeds: &Seeds,
    compute: &Compute,
) -> Result<Tagger, TrainError> {
    let weights = random_weights(config, &seeds.child("weights"))?;
    Tagger::new(config, &weights, TAGS, Some(LoraShape::of(params)), &seeds.child("initial values"), compute)
}

/// All pieces but the first and the last of a sequence are labelled.
fn batch(spec: BenchSpec, seeds: &Seeds, compute: &Compute) -> Result<Batch, TrainError> {
    let mut draws = seeds.child("pieces").draws();
    let vocabulary = published(spec.family, spec.size).vocab_size;
    let mut sequence = || (0..spec.length).map(|_| draws.below(vocabulary) as u32).collect::<Vec<_>>();
    let sequences: Vec<Vec<u32>> = (0..spec.batch_size).map(|_| sequence()).collect();
    let packed = Packed::new(sequences.iter().map(Vec::as_slice), compute)?;
    let device = &compute.device;
    let inner = |at: &usize| !matches!(at % spec.length, 0) && at % spec.length != spec.length - 1;
    let rows: Vec<u32> = (0..spec.length * spec.batch_size).filter(inner).map(|at| at as u32).collect();
    let count = rows.len();
    let labels: Vec<u32> = (0..count).map(|_| draws.below(TAGS) as u32).collect();
    Ok(Batch {
        packed,
        rows: Tensor::from_vec(rows, count, device)?,
        classes: Tensor::from_vec(labels, count, device)?,
    })
}

/// GFLOP per busy second of `[pieces, width]` by `[width, 4 width]`, over a few repetitions.
fn matmul_rate(config: &EncoderConfig, pieces: usize, compute: &Compute) -> Result<f64, TrainError> {
    const REPETITIONS: usize = 12;
    let (width, inner) = (config.hidden_size, config.intermediate_size);
    let mut draws = Seeds::root(0).draws();
    let mut matrix = |rows: usize, columns: usize| {
        let values = draws.uniform(rows * columns, 1.0);
        compute.frozen(&Tensor::from_vec(values, (rows, columns), &candle_core::Device::Cpu)?)
    };
    let (x, weight) = (matrix(pieces, width)?, matrix(width, inner)?);
    x.matmul(&weight)?;
    compute.device.synchronize()?;
    let (started, cpu_started) = (Instant::now(), cpu_seconds());
    for _ in 0..REPETITIONS {
        x.matmul(&weight)?;
    }
    compute.device.synchronize()?;
    let operations = 2 * REPETITIONS * pieces * width * inner;
    let busy = busy_seconds(compute, started.elapsed().as_secs_f64(), cpu_seconds() - cpu_started);
    Ok(operations as f64 / busy / 1e9)
}

/// The time that a rate divides by: processor seconds, which other programs do not lengthen; on a GPU, wall seconds.
fn busy_seconds(compute: &Compute, wall: f64, cpu: f64) -> f64 {
    if compute.device.is_cpu() { cpu.max(0.01) } else { wall.max(1e-6) }
}

/// Processor seconds of this process so far, all threads added up: fields 14 and 15 of `/proc/self/stat`
/// (proc_pid_stat(5)), which count hundredths. 0 where the kernel does not say.
fn cpu_seconds() -> f64 {
    const TICKS: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The second field, the program's name in parentheses, may hold spaces.
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    after_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum::<f64>()
        / TICKS
}

struct Measured {
    seconds: Vec<f64>,
    cpu: f64,
    matmul: f64,
    peak_memory_bytes: u64,
}

impl Measured {
    fn report(
        mut self,
        spec: BenchSpec,
        config: &EncoderConfig,
        compute: &Compute,
        trainable: u64,
    ) -> BenchReport {
        self.seconds.sort_by(f64::total_cmp);
        let step_seconds = self.seconds[self.seconds.len() / 2].max(1e-9);
        let pieces = (spec.batch_size * spec.length) as f64;
        let cpu_per_step = (self.cpu / spec.steps as f64).max(1e-9);
        let busy = busy_seconds(compute, step_seconds, cpu_per_step);
        let gflops = frozen_operations(config) * pieces / busy / 1e9;
        BenchReport {
            device: compute.describe(),
            steps: spec.steps,
            step_seconds,
            tokens_per_second: pieces / step_seconds,
            sequences_per_second: spec.batch_size as f64 / step_seconds,
            tokens_per_cpu_second: pieces / cpu_per_step,
            peak_memory_bytes: self.peak_memory_bytes,
            gflops,
            matmul_gflops: self.matmul,
            matmul_share: gflops / self.matmul,
            trainable_parameters: trainable,
        }
    }
}

/// Floating-point operations per piece in products with frozen weights. Each weight takes two in the forward, and two for
/// the gradient of the layer's input. The lowest layer's q, k and v take only the first two: their input needs no gradient.
fn frozen_operations(config: &EncoderConfig) -> f64 {
    let (width, inner) = (config.hidden_size as f64, config.intermediate_size as f64);
    let layer = 4.0 * width * width + 2.0 * width * inner;
    4.0 * layer * config.num_hidden_layers as f64 - 2.0 * 3.0 * width * width
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_family_takes_steps() {
        for family in Family::ALL {
            let size = PublishedSize::Small;
            let spec = BenchSpec {
                family,
                size,
                steps: 1,
                batch_size: 2,
                length: 8,
                device: DeviceChoice::Cpu,
                precision: Precision::Auto,
                gradient_checkpointing: false,
                seed: 1,
            };
            let mut heard = Vec::new();
            let report = bench(spec, &mut |done, total| heard.push((done, total))).unwrap();
            assert_eq!(heard, [(1, 2), (2, 2)]);
            // Rank 16 on q and v of each layer, and the head.
            let (layers, width) = match family {
                Family::Bert => (6, 384),
                Family::Electra => (12, 256),
                Family::DebertaV2 => (12, 384),
            };
            assert_eq!(report.trainable_parameters, layers * 2 * 2 * 16 * width + (width + 1) * 9);
            assert!(report.tokens_per_second > 0.0 && report.matmul_share > 0.0, "{report:?}");
        }
    }
}
