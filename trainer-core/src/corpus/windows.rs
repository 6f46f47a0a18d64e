//! Sentences into windows of at most `max_length` pieces, and predictions of windows back into sentences.
//!
//! Owns two rules. The first piece of a word stands for the word. Where windows overlap, the window that shows more context
//! around a word decides. Must not know tokenizers or models.

use crate::backbone::pieces::{Frame, Piece};

/// The size of windows, in pieces. Two pieces of each window are `[CLS]` and `[SEP]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WindowShape {
    pub(crate) max_length: usize,
    pub(crate) stride: usize,
}

impl WindowShape {
    /// The defaults of [`crate::Hyperparameters`].
    pub(crate) const USUAL: Self = Self { max_length: 256, stride: 50 };

    /// This shape, made smaller where a backbone has fewer positions. No word is lost: windows of any size cover the
    /// whole sentence.
    pub(crate) fn within(self, positions: usize) -> Self {
        if self.max_length <= positions {
            return self;
        }
        Self { max_length: positions, stride: self.stride.min(positions.saturating_sub(2) / 4) }
    }
}

/// A stretch of one sentence, with its special pieces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Window {
    /// Index of the sentence in its split.
    pub(crate) sentence: usize,
    /// Piece ids, `[CLS]` first and `[SEP]` last.
    pub(crate) ids: Vec<u32>,
    /// First pieces of words, as (position in `ids`, word of the sentence). A word that begins before the window is not among
    /// them.
    pub(crate) words: Vec<(u32, u32)>,
}

impl Window {
    /// Pieces of the sentence on the shorter side of `position`.
    fn context(&self, position: u32) -> usize {
        (position as usize).min(self.ids.len() - 1 - position as usize)
    }
}

/// The windows of one sentence, from its start. The last window is the first one that reaches the end.
pub(crate) fn windows(sentence: usize, pieces: &[Piece], frame: Frame, shape: WindowShape) -> Vec<Window> {
    let room = shape.max_length - 2;
    let mut windows = Vec::with_capacity(1);
    let mut start = 0;
    loop {
        let end = (start + room).min(pieces.len());
        windows.push(framed(sentence, pieces, start..end, frame));
        if end == pieces.len() {
            return windows;
        }
        start = end - shape.stride;
    }
}

fn framed(sentence: usize, pieces: &[Piece], range: std::ops::Range<usize>, frame: Frame) -> Window {
    let start = range.start;
    let first = |at: &usize| *at == 0 || pieces[at - 1].word != pieces[*at].word;
    let words = range.clone().filter(first).map(|at| ((at - start + 1) as u32, pieces[at].word)).collect();
    let inner = pieces[range].iter().map(|piece| piece.id);
    let ids = std::iter::once(frame.cls).chain(inner).chain(std::iter::once(frame.sep)).collect();
    Window { sentence, ids, words }
}

/// Joins the predictions of windows. If several windows show a word, the window with the most context around it decides.
/// At a tie the earlier window does.
#[derive(Debug)]
pub(crate) struct Merge<T> {
    best: Vec<Vec<Option<Seen<T>>>>,
}

/// What one window says about a word.
#[derive(Debug, Clone)]
struct Seen<T> {
    context: usize,
    order: usize,
    prediction: T,
}

impl<T: Clone> Merge<T> {
    /// Sentences with these numbers of words, without any prediction.
    pub(crate) fn new(words: impl Iterator<Item = usize>) -> Self {
        Self { best: words.map(|count| vec![None; count]).collect() }
    }

    /// Takes the predictions of window number `order` of its sentence, one for each entry of `window.words`. Windows
    /// may come in any order.
    pub(crate) fn add(&mut self, window: &Window, order: usize, predictions: impl Iterator<Item = T>) {
        for (&(position, word), prediction) in window.words.iter().zip(predictions) {
            let context = window.context(position);
            let slot = &mut self.best[window.sentence][word as usize];
            let better =
                |seen: &Seen<T>| context > seen.context || (context == seen.context && order < seen.order);
            if slot.as_ref().is_none_or(better) {
                *slot = Some(Seen { context, order, prediction });
            }
        }
    }

    /// The prediction for each word of each sentence; `None` for a word that no window showed.
    pub(crate) fn words(self) -> Vec<Vec<Option<T>>> {
        let of = |words: Vec<Option<Seen<T>>>| {
            words.into_iter().map(|slot| slot.map(|seen| seen.prediction)).collect()
        };
        self.best.into_iter().map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut(pieces_per_word: &[usize], max_length: usize, stride: usize) -> Vec<Window> {
        let pieces: Vec<Piece> = pieces_per_word
            .iter()
            .enumerate()
            .flat_map(|(word, &n)| {
                (0..n).map(move |at| Piece { id: (word * 10 + at + 5) as u32, word: word as u32 })
            })
            .collect();
        windows(0, &pieces, Frame { cls: 1, sep: 2 }, WindowShape { max_length, stride })
    }

    #[test]
    fn a_window_that_opens_inside_a_word_has_no_first_piece_of_it() {
        let windows = cut(&[1, 1, 3, 1], 5, 0);
        assert_eq!(windows.len(), 2);
        assert_eq!(windows[0].ids, [1, 5, 15, 25, 2]);
        assert_eq!(windows[0].words, [(1, 0), (2, 1), (3, 2)]);
        assert_eq!(windows[1].ids, [1, 26, 27, 35, 2]);
        assert_eq!(windows[1].words, [(3, 3)]);
    }

    #[test]
    fn merge_prefers_context_then_the_earlier_window() {
        let windows = cut(&[1; 7], 6, 1);
        assert_eq!(windows.len(), 2);
        let mut merge = Merge::new([7].into_iter());
        merge.add(&windows[1], 1, [9; 4].into_iter());
        merge.add(&windows[0], 0, [7; 4].into_iter());
        assert_eq!(merge.words(), [[7, 7, 7, 7, 9, 9, 9].map(Some)]);
    }

    proptest! {
        #[test]
        fn every_word_is_covered(lengths in prop::collection::vec(1usize..4, 1..40), room in 3usize..12, stride in 0usize..3) {
            let windows = cut(&lengths, room + 2, stride);
            let mut merge = Merge::new([lengths.len()].into_iter());
            for (order, window) in windows.iter().enumerate() {
                prop_assert!(window.ids.len() <= room + 2);
                merge.add(window, order, window.words.iter().map(|_| 3));
            }
            prop_assert!(merge.words()[0].iter().all(|&label| label == Some(3)));
        }
    }
}
