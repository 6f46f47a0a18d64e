//! Predictions for a split, and their scores.

use candle_core::Tensor;

use super::batches::Batch;
use super::splits::Windowed;
use crate::corpus::LabelSet;
use crate::corpus::batch::sorted;
use crate::corpus::windows::Merge;
use crate::model::Tagger;
use crate::score::{SplitScores, compare_split};
use crate::{Interrupted, Supervisor, TrainError};

/// Windows per batch: no gradients are kept, so it can be larger than in training.
const BATCH: usize = 64;

/// What a model says about a split.
pub(super) struct Evaluation {
    /// Predicted tags of each sentence.
    pub(super) tags: Vec<Vec<String>>,
    pub(super) scores: SplitScores,
    /// Mean cross-entropy over labelled pieces, without smoothing.
    pub(super) loss: f64,
}

/// Predicts and scores `split`.
///
/// # Errors
/// The supervisor asked for an end.
pub(super) fn evaluate(
    tagger: &Tagger,
    split: &Windowed,
    labels: &LabelSet,
    supervisor: &dyn Supervisor,
) -> Result<Evaluation, TrainError> {
    let mut merge = Merge::new(split.sentences.iter().map(|sentence| sentence.tokens.len()));
    let (mut loss, mut labelled) = (0.0, 0usize);
    for members in sorted(&split.lengths(), BATCH) {
        if supervisor.interrupted() {
            return Err(Interrupted.into());
        }
        let batch = Batch::new(split, &members, tagger.device())?;
        if batch.labelled() == 0 {
            continue;
        }
        let logits = tagger.logits(&batch.packed, &batch.rows, None)?.detach();
        loss += summed_loss(&logits, &batch)?;
        labelled += batch.labelled();
        let predicted: Vec<u32> = logits.argmax(1)?.to_vec1()?;
        let mut rest = predicted.as_slice();
        for &at in &members {
            let (here, after) = rest.split_at(split.windows[at].words.len());
            merge.add(&split.windows[at], split.order[at], here);
            rest = after;
        }
    }
    let tag = |id: u32| labels.tags()[id as usize].clone();
    let tags: Vec<Vec<String>> =
        merge.labels().into_iter().map(|ids| ids.into_iter().map(tag).collect()).collect();
    let scores = compare_split(&split.gold(), &tags, labels.types());
    Ok(Evaluation { tags, scores, loss: loss / labelled.max(1) as f64 })
}

fn summed_loss(logits: &Tensor, batch: &Batch) -> Result<f64, TrainError> {
    let mean = crate::loss::smoothed(logits, &batch.labels, 0.0)?.to_scalar::<f32>()?;
    Ok(f64::from(mean) * batch.labelled() as f64)
}
