//! What simulated workers report: epochs and ends, with made-up scores.

use std::collections::BTreeMap;

use pedigree_protocol::Scalar;
use pedigree_protocol::lease::{AttemptEnd, AttemptWrite, LeaseGrant, TrainedModel, Work};
use pedigree_protocol::report::{
    EntityScore, EpochReport, ProtocolScores, RunSummary, TestResult, TestScores, TestSummary,
};

/// Reports of `count` epochs from `first` on.
pub(crate) fn reports(first: i32, count: u32) -> Vec<AttemptWrite> {
    (first..)
        .take(count as usize)
        .map(|epoch| AttemptWrite::Report { metrics: Box::new(report(epoch, usual(epoch), 61.7)) })
        .collect()
}

/// Several writes as one request; a single write stays as it is.
pub(crate) fn together(mut writes: Vec<AttemptWrite>) -> AttemptWrite {
    match writes.len() {
        1 => writes.remove(0),
        _ => AttemptWrite::Several { writes },
    }
}

/// The dev F1 of an epoch that nobody looks at.
fn usual(epoch: i32) -> f64 {
    1.0 - 1.0 / f64::from(epoch + 1)
}

/// The report of an epoch.
pub(crate) fn report(epoch: i32, f1: f64, seconds: f64) -> EpochReport {
    EpochReport {
        epoch,
        step: i64::from(epoch) * 100,
        train_loss: 1.0 / f64::from(epoch + 1),
        dev_loss: 1.1 / f64::from(epoch + 1),
        dev: scores(f1),
        learning_rate: 1e-3,
        gradient_norm: 0.7,
        seconds,
        train_seconds: 0.9 * seconds,
        sentences_per_second: 104.3,
        tokens_per_second: 2321.9,
        padded_tokens_per_second: 2608.1,
        peak_memory_bytes: 1 << 30,
        carried: false,
    }
}

/// The end of a completed run. Its scores are a smooth function of its parameters.
pub(crate) fn completed(grant: &LeaseGrant, epochs: i32) -> AttemptWrite {
    let objective = objective(grant);
    ended(match &grant.work {
        Work::Test { models, .. } => tested(models, objective, 17.0),
        Work::Train { .. } | Work::Adapt { .. } => {
            trained(Trained { epochs, best_epoch: epochs, stopped_early: false, objective, seconds: 617.0 })
        }
    })
}

/// The write of an end that leaves no files.
pub(crate) fn ended(end: AttemptEnd) -> AttemptWrite {
    AttemptWrite::End { end: Box::new(end), artifacts: Vec::new(), energy: None }
}

/// What a training came to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Trained {
    pub(crate) epochs: i32,
    pub(crate) best_epoch: i32,
    pub(crate) stopped_early: bool,
    /// Dev F1 of the best epoch.
    pub(crate) objective: f64,
    pub(crate) seconds: f64,
}

/// The end of a training.
pub(crate) fn trained(result: Trained) -> AttemptEnd {
    let Trained { epochs, best_epoch, stopped_early, objective, seconds } = result;
    let summary = RunSummary {
        best_epoch,
        epochs,
        stopped_early,
        objective,
        dev: scores(objective),
        dev_loss: Some(1.1 / f64::from(best_epoch + 1)),
        trainable_parameters: 10,
        seconds,
        peak_memory_bytes: 1 << 30,
    };
    AttemptEnd::Completed { summary: Box::new(summary) }
}

/// The end of a test run: every model scores the same.
pub(crate) fn tested(models: &[TrainedModel], f1: f64, seconds: f64) -> AttemptEnd {
    let scored = |model: &TrainedModel| TestResult {
        run_id: model.run_id,
        seed: model.seed,
        scores: TestScores {
            overall: scores(f1),
            per_type: BTreeMap::from([("Drug".into(), scores(f1))]),
            sentences: 1,
            windowed_sentences: 0,
            orphan_tags: 0,
        },
    };
    let results = models.iter().map(scored).collect();
    AttemptEnd::Tested { summary: Box::new(TestSummary { results, seconds, peak_memory_bytes: 1 << 30 }) }
}

/// The end of an attempt that hands back its run.
pub(crate) fn released() -> AttemptWrite {
    ended(AttemptEnd::Released)
}

fn objective(grant: &LeaseGrant) -> f64 {
    let value = |name| match grant.work.job().params.get(name) {
        Some(Scalar::Float(value)) => *value,
        _ => 0.0,
    };
    let (rate, dropout) = (value("learning_rate").max(1e-9).log10() + 3.0, value("lora_dropout") - 0.1);
    (-(rate * rate + dropout * dropout)).exp()
}

fn scores(f1: f64) -> ProtocolScores {
    let score = EntityScore {
        precision: f1,
        recall: f1,
        f1,
        true_positives: 812,
        false_positives: 143,
        false_negatives: 151,
    };
    ProtocolScores { strict: score, conlleval: score, subtoken_all: None }
}
