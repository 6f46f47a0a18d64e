//! A split as the model gets it: windows with label ids.

use crate::TrainError;
use crate::backbone::pieces::WordPieces;
use crate::corpus::windows::{Window, WindowShape, windows};
use crate::corpus::{CorpusError, LabelSet, Sentence};
use crate::step::{Example, Target};

/// Sentences of a split with their windows.
pub(crate) struct Windowed {
    pub(crate) sentences: Vec<Sentence>,
    pub(crate) windows: Vec<Window>,
    /// Number of each window within its sentence.
    pub(crate) order: Vec<usize>,
    /// Pieces of each word of each sentence.
    pub(crate) pieces_per_word: Vec<Vec<usize>>,
    /// Gold label of each word of each sentence.
    labels: Vec<Vec<u32>>,
}

impl Windowed {
    /// Cuts `sentences` into windows. `split` names them in errors.
    ///
    /// # Errors
    /// A tag that `labels` does not know.
    pub(crate) fn new(
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
        let mut pieces_per_word = Vec::with_capacity(sentences.len());
        for (index, sentence) in sentences.iter().enumerate() {
            let of_sentence = pieces.split(&sentence.tokens);
            let mut counts = vec![0; sentence.tokens.len()];
            of_sentence.iter().for_each(|piece| counts[piece.word as usize] += 1);
            pieces_per_word.push(counts);
            let cut = windows(index, &of_sentence, pieces.frame, shape);
            order.extend(0..cut.len());
            all.extend(cut);
        }
        Ok(Self { sentences, windows: all, order, pieces_per_word, labels: label_ids })
    }

    /// Pieces of each window.
    pub(crate) fn lengths(&self) -> Vec<usize> {
        self.windows.iter().map(|window| window.ids.len()).collect()
    }

    /// The window at `index` with the gold labels of its words.
    pub(crate) fn example(&self, index: usize) -> Example<'_> {
        let window = &self.windows[index];
        let labels = &self.labels[window.sentence];
        let target = |&(position, word): &(u32, u32)| Target { position, class: labels[word as usize] };
        Example { ids: &window.ids, targets: window.words.iter().map(target).collect() }
    }

    /// Sentences with more than one window.
    pub(crate) fn windowed_sentences(&self) -> usize {
        self.order.iter().filter(|&&at| at == 1).count()
    }

    /// Gold tags of each sentence.
    pub(crate) fn gold(&self) -> Vec<&[String]> {
        self.sentences.iter().map(|sentence| sentence.tags.as_slice()).collect()
    }

    /// For each sentence, the words that its windows show, one pair (first, last) for each window. A window shows a word if it
    /// has the word's first piece.
    pub(crate) fn shown_words(&self) -> Vec<Vec<(usize, usize)>> {
        let mut shown = vec![Vec::new(); self.sentences.len()];
        for window in &self.windows {
            if let (Some((_, first)), Some((_, last))) = (window.words.first(), window.words.last()) {
                shown[window.sentence].push((*first as usize, *last as usize));
            }
        }
        shown
    }
}
