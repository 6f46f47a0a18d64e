//! Predictions for a split, and their scores.

use candle_core::Tensor;

use super::splits::Windowed;
use crate::corpus::LabelSet;
use crate::corpus::batch::sorted;
use crate::corpus::windows::Merge;
use crate::decode::{Decoding, decode};
use crate::model::Tagger;
use crate::score::{SplitScores, compare_split};
use crate::step::{Batch, Example};
use crate::{Interrupted, Supervisor, TrainError};

/// Windows per batch. No gradients are kept, so it can be larger than in training.
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
/// The supervisor asked the training to stop.
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

/// Runs the model over `split`, windows of similar length together. Before each batch, `each` gets the number of windows
/// done. It may stop the run.
///
/// # Errors
/// `each` stopped it.
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
        let examples: Vec<Example<'_>> = members.iter().map(|&at| split.example(at)).collect();
        let batch = Batch::new(&examples, tagger.compute())?;
        if batch.targets() == 0 {
            continue;
        }
        let logits = tagger.logits(&batch.packed, &batch.rows, None)?.detach();
        loss += summed_loss(&logits, &batch)?;
        labelled += batch.targets();
        let mut rows = logits.to_vec2::<f32>()?.into_iter();
        for &at in &members {
            let window = &split.windows[at];
            merge.add(window, split.order[at], rows.by_ref().take(window.words.len()));
        }
    }
    Ok(WordLogits { sentences: merge.words(), loss: loss / labelled.max(1) as f64 })
}

fn summed_loss(logits: &Tensor, batch: &Batch) -> Result<f64, TrainError> {
    let mean = crate::loss::smoothed(logits, &batch.classes, 0.0)?.to_scalar::<f32>()?;
    Ok(f64::from(mean) * batch.targets() as f64)
}
