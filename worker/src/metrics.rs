//! The trainer's metrics as the coordinator's types. There are two sets of types on purpose: the trainer's may change
//! without a change of the wire.

use pedigree_protocol::dapt::{DaptReport, DaptSummary, HeldOutScores};
use pedigree_protocol::lease::TrainedModel;
use pedigree_protocol::report::{
    EntityScore, EpochReport, ProtocolScores, RunSummary, TestResult, TestScores, TestSummary,
};
use pedigree_trainer_core as trainer;

/// The report of an epoch.
pub(crate) fn epoch_report(epoch: &trainer::EpochMetrics) -> EpochReport {
    EpochReport {
        epoch: small(epoch.epoch),
        step: large(epoch.step),
        train_loss: epoch.train_loss,
        dev_loss: epoch.dev_loss,
        dev: protocol_scores(epoch.dev),
        learning_rate: epoch.learning_rate,
        gradient_norm: epoch.gradient_norm,
        seconds: epoch.seconds,
        train_seconds: epoch.train_seconds,
        sentences_per_second: epoch.sentences_per_second,
        tokens_per_second: epoch.tokens_per_second,
        padded_tokens_per_second: epoch.padded_tokens_per_second,
        peak_memory_bytes: large(epoch.peak_memory_bytes),
        carried: epoch.carried,
    }
}

/// The result of a test run; `None` where the trainer scored other models than those granted. It knows them by the ids
/// of their runs.
pub(crate) fn test_summary(summary: &trainer::TestSummary, granted: &[TrainedModel]) -> Option<TestSummary> {
    let result = |(scored, model): (&trainer::ModelScores, &TrainedModel)| {
        let same = scored.name == model.run_id.to_string();
        same.then(|| TestResult {
            run_id: model.run_id,
            seed: model.seed,
            scores: test_scores(&scored.scores),
        })
    };
    let results: Option<Vec<_>> = summary.models.iter().zip(granted).map(result).collect();
    Some(TestSummary {
        results: results.filter(|_| summary.models.len() == granted.len())?,
        seconds: summary.seconds,
        peak_memory_bytes: large(summary.peak_memory_bytes),
    })
}

/// The result of a run.
pub(crate) fn run_summary(summary: &trainer::TrainSummary) -> RunSummary {
    RunSummary {
        best_epoch: small(summary.best_epoch),
        epochs: small(summary.epochs),
        stopped_early: summary.stopped_early,
        objective: summary.objective,
        dev: protocol_scores(summary.dev),
        dev_loss: summary.dev_loss,
        trainable_parameters: large(summary.trainable_parameters),
        seconds: summary.seconds,
        peak_memory_bytes: large(summary.peak_memory_bytes),
    }
}

/// The report of a pretraining's epoch.
pub(crate) fn dapt_report(epoch: &trainer::DaptEpoch) -> DaptReport {
    DaptReport {
        epoch: small(epoch.epoch),
        step: large(epoch.step),
        train_loss: epoch.train_loss,
        held_out: held_out(epoch.held_out),
        seconds: epoch.seconds,
        tokens_per_second: epoch.tokens_per_second,
        peak_memory_bytes: large(epoch.peak_memory_bytes),
        carried: epoch.carried,
    }
}

/// The result of a pretraining.
pub fn dapt_summary(summary: &trainer::DaptSummary) -> DaptSummary {
    DaptSummary {
        before: held_out(summary.before),
        after: held_out(summary.after),
        steps: large(summary.steps),
        head_steps: large(summary.head_steps),
        trainable_parameters: large(summary.trainable_parameters),
        seconds: summary.seconds,
        peak_memory_bytes: large(summary.peak_memory_bytes),
    }
}

fn held_out(scores: trainer::HeldOutScores) -> HeldOutScores {
    HeldOutScores {
        pseudo_perplexity: scores.pseudo_perplexity,
        bits_per_character: scores.bits_per_character,
        masked_accuracy: scores.masked_accuracy,
        masked: large(scores.masked),
    }
}

fn test_scores(test: &trainer::TestScores) -> TestScores {
    TestScores {
        overall: protocol_scores(test.overall),
        per_type: test
            .per_type
            .iter()
            .map(|(kind, scores)| (kind.clone(), protocol_scores(*scores)))
            .collect(),
        sentences: large(test.sentences),
        windowed_sentences: large(test.windowed_sentences),
        orphan_tags: large(test.orphan_tags),
    }
}

fn protocol_scores(scores: trainer::ProtocolScores) -> ProtocolScores {
    ProtocolScores {
        strict: entity_score(scores.strict),
        conlleval: entity_score(scores.conlleval),
        subtoken_all: Some(entity_score(scores.subtoken_all)),
    }
}

fn entity_score(score: trainer::EntityScore) -> EntityScore {
    EntityScore {
        precision: score.precision,
        recall: score.recall,
        f1: score.f1,
        true_positives: large(score.true_positives),
        false_positives: large(score.false_positives),
        false_negatives: large(score.false_negatives),
    }
}

// Counts of epochs, sentences and bytes; none comes near these ends.
fn large(count: impl TryInto<i64>) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}

fn small(count: usize) -> i32 {
    count.try_into().unwrap_or(i32::MAX)
}
