//! A split as a model is given it: windows with label ids.

use crate::TrainError;
use crate::corpus::pieces::WordPieces;
use crate::corpus::windows::{Window, WindowShape, windows};
use crate::corpus::{CorpusError, LabelSet, Sentence};

/// Sentences of a split with their windows.
pub(super) struct Windowed {
    pub(super) sentences: Vec<Sentence>,
    pub(super) windows: Vec<Window>,
    /// Number of each window within its sentence.
    pub(super) order: Vec<usize>,
    /// Gold label of each word of each sentence.
    labels: Vec<Vec<u32>>,
}

impl Windowed {
    /// Cuts `sentences` into windows. `split` names them in errors.
    ///
    /// # Errors
    /// A tag that `labels` does not know.
    pub(super) fn new(
        split: &'static str,
        sentences: Vec<Sentence>,
        labels: &LabelSet,
        pieces: &WordPieces,
        shape: WindowShape,
    ) -> Result<Self, TrainError> {
        let id = |tag: &String| {
            let unknown = || CorpusError::UnknownType { kind: tag.get(2..).unwrap_or(tag).to_owned(), split };
            labels.index(tag).map(|id| id as u32).ok_or_else(unknown)
        };
        let of = |sentence: &Sentence| sentence.tags.iter().map(id).collect::<Result<Vec<_>, _>>();
        let label_ids = sentences.iter().map(of).collect::<Result<_, _>>()?;
        let (mut all, mut order) = (Vec::with_capacity(sentences.len()), Vec::with_capacity(sentences.len()));
        for (index, sentence) in sentences.iter().enumerate() {
            let cut = windows(index, &pieces.split(&sentence.tokens), pieces, shape);
            order.extend(0..cut.len());
            all.extend(cut);
        }
        Ok(Self { sentences, windows: all, order, labels: label_ids })
    }

    /// Pieces of each window.
    pub(super) fn lengths(&self) -> Vec<usize> {
        self.windows.iter().map(|window| window.ids.len()).collect()
    }

    /// Gold labels of a window, one for each entry of its `words`.
    pub(super) fn labels_of(&self, window: &Window) -> impl Iterator<Item = u32> {
        let sentence = &self.labels[window.sentence];
        window.words.iter().map(|&(_, word)| sentence[word as usize])
    }

    /// Sentences with more than one window.
    pub(super) fn windowed_sentences(&self) -> usize {
        self.order.iter().filter(|&&at| at == 1).count()
    }

    /// Gold tags of each sentence.
    pub(super) fn gold(&self) -> Vec<&[String]> {
        self.sentences.iter().map(|sentence| sentence.tags.as_slice()).collect()
    }
}
