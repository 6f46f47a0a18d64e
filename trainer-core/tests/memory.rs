//! The memory estimate against what a training used, and what follows from it. It is one test, because the peak is that of
//! the process.

#![expect(clippy::unwrap_used, reason = "a test's panic is its report")]

mod fixture;

use std::fmt::Write as _;
use std::path::Path;

use fixture::{Recorder, folder, job};
use pedigree_trainer_core::backbone::{Family, RandomEncoder, write_random};
use pedigree_trainer_core::{ExitReason, MicroBatch, TrainJob, train};

const PARAMS: &str = r#"{"learning_rate": 0.001, "batch_size": 32, "max_epochs": 1, "max_length": 128}"#;

/// In place of the fixture's: long sentences and a backbone whose activations outweigh everything else.
fn write_inputs(dir: &Path) {
    for (split, sentences) in [("train", 64), ("dev", 4)] {
        let mut text = String::new();
        for sentence in 0..sentences {
            (0..120).for_each(|word| {
                let tag = if (word + sentence) % 7 == 0 { "B-Drug" } else { "O" };
                writeln!(text, "word{}\t{tag}", (word * 31 + sentence) % 50).unwrap();
            });
            text.push('\n');
        }
        std::fs::write(dir.join(format!("corpus/{split}.conll")), text).unwrap();
    }
    let words = (0..50).flat_map(|word| [format!("word{word}"), format!("word{word}")]).collect();
    let spec = RandomEncoder {
        family: Family::Bert,
        hidden: 256,
        layers: 4,
        heads: 4,
        intermediate: 1024,
        max_positions: 128,
        seed: 2,
        words,
    };
    write_random(&dir.join("backbone"), &spec).unwrap();
}

#[test]
fn the_estimate_is_near_the_peak_and_refuses_what_cannot_fit() {
    let dir = folder();
    write_inputs(dir.path());
    let limited = |micro_batch, limit: u64| TrainJob {
        memory_limit: Some(limit << 20),
        micro_batch,
        test: pedigree_trainer_core::TestAccess::Never,
        ..job(dir.path(), PARAMS)
    };
    let refused = |job: &TrainJob| {
        let error = train(job, &mut Recorder::default()).unwrap_err();
        assert_eq!(error.reason(), ExitReason::OutOfMemory);
        error.to_string()
    };
    let sentence = refused(&limited(MicroBatch::Whole, 200));
    assert!(sentence.contains("32 windows with") && sentence.contains("micro_batch"), "{sentence}");
    assert!(sentence.contains("more than 200 MB (the job's memory_limit)"), "{sentence}");
    let figure = sentence.split("about ").nth(1).and_then(|rest| rest.split(' ').next());
    let estimated: f64 = figure.unwrap().parse().unwrap();
    assert!(refused(&limited(MicroBatch::Auto, 20)).contains("one window at a time"));

    // With smaller parts it fits, and needs less than the whole.
    let small = train(&limited(MicroBatch::Auto, 200), &mut Recorder::default()).unwrap();
    let whole = train(&limited(MicroBatch::Whole, 1 << 20), &mut Recorder::default()).unwrap();
    let measured = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let (small, whole) = (measured(small.peak_memory_bytes), measured(whole.peak_memory_bytes));
    assert!(small < 1.25 * 200.0, "{small} MB under a limit of 200 MB");
    assert!(small < 0.8 * whole, "{small} MB in parts, {whole} MB whole");
    assert!(estimated > 0.7 * whole && estimated < 2.0 * whole, "estimated {estimated}, measured {whole} MB");
}
