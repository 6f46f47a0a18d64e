//! A backbone with a trained adapter, ready to tag sentences.

use std::path::Path;

use super::{AdapterFolder, InferenceError};
use crate::Interrupted;
use crate::backbone::pieces::WordPieces;
use crate::backbone::{EncoderConfig, Weights};
use crate::corpus::windows::WindowShape;
use crate::corpus::{LabelSet, Sentence};
use crate::decode::{Decoded, Decoding, decode};
use crate::fit::{Windowed, word_logits};
use crate::model::{Compute, Tagger};
use crate::rng::Seeds;

/// A model for one label set.
pub struct Recogniser {
    labels: LabelSet,
    pieces: WordPieces,
    shape: WindowShape,
    tagger: Tagger,
}

impl std::fmt::Debug for Recogniser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recogniser").field("labels", &self.labels).finish_non_exhaustive()
    }
}

/// Tagged sentences.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tagged {
    /// Tag of each word of each sentence.
    pub tags: Vec<Vec<String>>,
    /// Words whose tag was repaired ([`Decoded::repairs`]).
    pub repairs: usize,
    /// Windows that the sentences needed.
    pub windows: usize,
    /// Sentences that needed more than one.
    pub windowed_sentences: usize,
    /// Pieces of each word of each sentence.
    pub(super) pieces_per_word: Vec<Vec<usize>>,
    /// Words (first, last) that each window of a windowed sentence shows, by sentence.
    pub(super) shown: Vec<Vec<(usize, usize)>>,
}

impl Recogniser {
    /// Loads an adapter onto its backbone, on the CPU.
    ///
    /// # Errors
    /// A folder that is wrong, or an adapter of another backbone.
    pub fn open(adapter: &Path, backbone: &Path) -> Result<Self, InferenceError> {
        Self::open_on(adapter, backbone, &Compute::cpu())
    }

    /// [`Self::open`] on a device.
    ///
    /// # Errors
    /// A folder that is wrong, or an adapter of another backbone.
    pub(super) fn open_on(
        adapter: &Path,
        backbone: &Path,
        compute: &Compute,
    ) -> Result<Self, InferenceError> {
        let adapter = AdapterFolder::open(adapter)?;
        let config = EncoderConfig::read(backbone)?;
        let pieces = WordPieces::open(backbone)?;
        pieces.check(backbone, &config)?;
        let mut weights = Weights::open(backbone, config.family)?;
        adapter.prepare(&mut weights, &config)?;
        let (count, lora) = (adapter.labels().tags().len(), adapter.lora(&config)?);
        // Every value that the seed decides is overwritten.
        let tagger = Tagger::new(&config, &weights, count, Some(lora), &Seeds::root(0), compute)?;
        adapter.fill(&tagger.trainable())?;
        let shape = adapter.shape.within(config.longest_input());
        Ok(Self { labels: adapter.labels().clone(), pieces, shape, tagger })
    }

    /// What the model can predict.
    pub fn labels(&self) -> &LabelSet {
        &self.labels
    }

    /// Tags sentences, given as words. `progress` gets the number of windows done and of all windows. It may
    /// stop the run.
    ///
    /// # Errors
    /// `progress` stopped it, or the matrix library failed.
    pub fn tag(
        &self,
        sentences: impl IntoIterator<Item = Vec<String>>,
        decoding: Decoding,
        progress: &mut dyn FnMut(usize, usize) -> Result<(), Interrupted>,
    ) -> Result<Tagged, InferenceError> {
        let untagged = |tokens: Vec<String>| {
            let tags = vec!["O".to_owned(); tokens.len()];
            Sentence { tokens, tags, document: None }
        };
        let sentences = sentences.into_iter().map(untagged).collect();
        let split = Windowed::new("text", sentences, &self.labels, &self.pieces, self.shape)?;
        let total = split.windows.len();
        let logits = word_logits(&self.tagger, &split, &mut |done| progress(done, total))?;
        let mut tagged = Tagged {
            windows: total,
            windowed_sentences: split.windowed_sentences(),
            shown: split.shown_words(),
            ..Tagged::default()
        };
        for words in &logits.sentences {
            let Decoded { tags, repairs } = decode(words, &self.labels, decoding);
            tagged.tags.push(tags);
            tagged.repairs += repairs;
        }
        tagged.pieces_per_word = split.pieces_per_word;
        Ok(tagged)
    }
}
