//! Predictions for a split, and their scores.

use candle_core::Tensor;

use super::batches::Batch;
use super::splits::Windowed;
use crate::corpus::LabelSet;
use crate::corpus::batch::sorted;
use crate::corpus::windows::Merge;
use crate::decode::{Decoding, decode};
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

/// What a model says about each word of a split.
pub(crate) struct WordLogits {
    /// By sentence and word; `None` for a word that no window showed.
    pub(crate) sentences: Vec<Vec<Option<Vec<f32>>>>,
    /// Mean cross-entropy over labelled pieces, without smoothing.
    loss: f64,
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
    let mut poll = |_| if supervisor.interrupted() { Err(Interrupted) } else { Ok(()) };
    let WordLogits { sentences, loss } = word_logits(tagger, split, &mut poll)?;
    let tags: Vec<Vec<String>> =
        sentences.iter().map(|words| decode(words, labels, Decoding::Argmax).tags).collect();
    let scores = compare_split(&split.gold(), &tags, &split.pieces_per_word, labels.types());
    Ok(Evaluation { tags, scores, loss })
}

/// Runs the model over `split`, windows of like length together. `each` hears the number of windows done before each
/// batch, and may end it.
///
/// # Errors
/// `each` asked for an end.
pub(crate) fn word_logits(
    tagger: &Tagger,
    split: &Windowed,
    each: &mut dyn FnMut(usize) -> Result<(), Interrupted>,
) -> Result<WordLogits, TrainError> {
    let mut merge = Merge::new(split.sentences.iter().map(|sentence| sentence.tokens.len()));
    let (mut loss, mut labelled, mut done) = (0.0, 0usize, 0);
    for members in sorted(&split.lengths(), BATCH) {
        each(done)?;
        done += members.len();
        let batch = Batch::new(split, &members, tagger.compute())?;
        if batch.labelled() == 0 {
            continue;
        }
        let logits = tagger.logits(&batch.packed, &batch.rows, None)?.detach();
        loss += summed_loss(&logits, &batch)?;
        labelled += batch.labelled();
        let mut rows = logits.to_vec2::<f32>()?.into_iter();
        for &at in &members {
            let window = &split.windows[at];
            merge.add(window, split.order[at], rows.by_ref().take(window.words.len()));
        }
    }
    Ok(WordLogits { sentences: merge.words(), loss: loss / labelled.max(1) as f64 })
}

fn summed_loss(logits: &Tensor, batch: &Batch) -> Result<f64, TrainError> {
    let mean = crate::loss::smoothed(logits, &batch.labels, 0.0)?.to_scalar::<f32>()?;
    Ok(f64::from(mean) * batch.labelled() as f64)
}
