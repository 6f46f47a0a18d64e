//! Words into pieces of a backbone's vocabulary, aligned by word index.
//!
//! Owns the tokenizer. Must not know tags or windows.

use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::processors::bert::BertProcessing;
use tokenizers::{NormalizerWrapper, PostProcessorWrapper, PreTokenizerWrapper, Tokenizer};

use super::folder::{read_bytes, read_json};
use super::sentence_piece::{self, SENTENCE_PIECE};
use super::{BackboneError, EncoderConfig};

/// One piece: its id, and the index of the word that it is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) id: u32,
    pub(crate) word: u32,
}

/// A tokenizer (WordPiece or Unigram) and the ids of the special pieces.
pub(crate) struct WordPieces {
    tokenizer: Tokenizer,
    pub(crate) frame: Frame,
    pub(crate) unknown: u32,
    /// Whether text keeps its capital letters only because the vocabulary has some.
    is_inferred_cased: bool,
}

/// The pieces before and after every input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame {
    /// `[CLS]`.
    pub(crate) cls: u32,
    /// `[SEP]`.
    pub(crate) sep: u32,
}

impl WordPieces {
    /// Opens `tokenizer.json` in `dir`, or else `vocab.txt` as a BERT WordPiece vocabulary, or else `spm.model`.
    ///
    /// # Errors
    /// No tokenizer, a malformed one, or one without `[CLS]`, `[SEP]`, `[UNK]`.
    pub(crate) fn open(dir: &Path) -> Result<Self, BackboneError> {
        let (path, vocabulary) = (dir.join("tokenizer.json"), dir.join("vocab.txt"));
        let mut is_inferred_cased = false;
        let (path, tokenizer) = if path.is_file() {
            from_json(path)?
        } else if !vocabulary.is_file() && dir.join(SENTENCE_PIECE).is_file() {
            (dir.join(SENTENCE_PIECE), sentence_piece::open(dir)?)
        } else {
            let (tokenizer, is_inferred) = from_vocabulary(dir, &vocabulary)?;
            is_inferred_cased = is_inferred;
            (vocabulary, tokenizer)
        };
        let id = |piece: &str| {
            tokenizer.token_to_id(piece).ok_or_else(|| malformed(&path, format!("has no {piece} piece")))
        };
        let (cls, sep, unknown) = (id("[CLS]")?, id("[SEP]")?, id("[UNK]")?);
        Ok(Self { tokenizer, frame: Frame { cls, sep }, unknown, is_inferred_cased })
    }

    /// Refuses a tokenizer that can give an id for which the encoder beside it has no embedding. `dir` is their folder.
    ///
    /// # Errors
    /// The piece with the highest id.
    pub(crate) fn check(&self, dir: &Path, config: &EncoderConfig) -> Result<(), BackboneError> {
        let highest = self.tokenizer.get_vocab(true).into_iter().max_by_key(|&(_, id)| id);
        match highest.filter(|&(_, id)| id as usize >= config.vocab_size) {
            None => Ok(()),
            Some((piece, id)) => {
                let problem = format!(
                    "vocab_size is {}, but the tokenizer beside it gives the piece {piece:?} the id {id}; ids go up to {}",
                    config.vocab_size,
                    config.vocab_size.saturating_sub(1)
                );
                Err(malformed(&dir.join("config.json"), problem))
            }
        }
    }

    /// What was inferred because the folder does not say it.
    pub(crate) fn warning(&self) -> Option<&'static str> {
        self.is_inferred_cased.then_some(
            "vocab.txt holds capital letters and no file says whether text is lower-cased: it is not; if it should be, put \
             {\"do_lower_case\": true} into tokenizer_config.json",
        )
    }

    /// Writes a `tokenizer.json`.
    ///
    /// # Errors
    /// What the file system said.
    pub(crate) fn save(&self, path: &Path) -> io::Result<()> {
        self.tokenizer.save(path, false).map_err(io::Error::other)
    }

    /// Pieces in the vocabulary, added ones included.
    pub(crate) fn vocabulary(&self) -> usize {
        self.tokenizer.get_vocab_size(true)
    }

    /// The piece that stands for a masked one, where the vocabulary has it.
    pub(crate) fn mask(&self) -> Option<u32> {
        self.tokenizer.token_to_id("[MASK]")
    }

    /// The pieces of a sentence, without special ones. Every word has at least one: a word that the normaliser empties
    /// (control characters) becomes `[UNK]`.
    pub(crate) fn split(&self, words: &[String]) -> Vec<Piece> {
        let mut pieces = Vec::with_capacity(words.len() * 2);
        let mut next = 0;
        if let Ok(encoding) = self.tokenizer.encode(words, false) {
            for (&id, word) in encoding.get_ids().iter().zip(encoding.get_word_ids()) {
                let word = word.unwrap_or(next);
                pieces.extend((next..word).map(|word| Piece { id: self.unknown, word }));
                pieces.push(Piece { id, word });
                next = word + 1;
            }
        }
        pieces.extend((next..words.len() as u32).map(|word| Piece { id: self.unknown, word }));
        pieces
    }
}

/// The ids of the pieces into which the tokenizer of the backbone in `dir` cuts each sentence, without special ones.
///
/// # Errors
/// No tokenizer, or a malformed one.
pub fn piece_ids(dir: &Path, sentences: &[Vec<String>]) -> Result<Vec<Vec<u32>>, BackboneError> {
    let pieces = WordPieces::open(dir)?;
    let ids = |words: &Vec<String>| pieces.split(words).into_iter().map(|piece| piece.id).collect();
    Ok(sentences.iter().map(ids).collect())
}

/// Switches padding and truncation of the file off: windows are cut elsewhere, and truncated pieces would be lost.
fn from_json(path: PathBuf) -> Result<(PathBuf, Tokenizer), BackboneError> {
    let mut tokenizer =
        Tokenizer::from_bytes(read_bytes(&path)?).map_err(|error| malformed(&path, error.to_string()))?;
    tokenizer.with_truncation(None).map_err(|error| malformed(&path, error.to_string()))?;
    tokenizer.with_padding(None);
    Ok((path, tokenizer))
}

/// How `tokenizer_config.json` has text prepared.
#[derive(Deserialize)]
#[serde(default)]
struct Settings {
    do_lower_case: Option<bool>,
    strip_accents: Option<bool>,
    tokenize_chinese_chars: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { do_lower_case: None, strip_accents: None, tokenize_chinese_chars: true }
    }
}

/// A tokenizer of `vocab.txt`, and whether it keeps capital letters only because the vocabulary has some.
fn from_vocabulary(dir: &Path, path: &Path) -> Result<(Tokenizer, bool), BackboneError> {
    let wrong = |error: tokenizers::Error| malformed(path, error.to_string());
    let vocabulary = WordPiece::read_bytes(&read_bytes(path)?).map_err(wrong)?;
    let has_capitals = holds_capitals(vocabulary.keys().map(String::as_str));
    let model = WordPiece::builder().vocab(vocabulary).unk_token("[UNK]".into()).build().map_err(wrong)?;
    let settings_path = dir.join("tokenizer_config.json");
    let settings = if settings_path.is_file() { read_json(&settings_path)? } else { Settings::default() };
    let normalizer = BertNormalizer::new(
        true,
        settings.tokenize_chinese_chars,
        settings.strip_accents,
        settings.do_lower_case.unwrap_or(!has_capitals),
    );
    let is_inferred_cased = settings.do_lower_case.is_none() && has_capitals;
    let mut tokenizer = Tokenizer::new(model);
    tokenizer.with_normalizer(Some(NormalizerWrapper::from(normalizer))).map_err(wrong)?;
    tokenizer.with_pre_tokenizer(Some(PreTokenizerWrapper::from(BertPreTokenizer)));
    let special = |piece: &str| tokenizer.token_to_id(piece).map(|id| (piece.to_owned(), id));
    if let (Some(sep), Some(cls)) = (special("[SEP]"), special("[CLS]")) {
        // Only for readers of a saved tokenizer: here, special pieces are put around windows.
        tokenizer.with_post_processor(Some(PostProcessorWrapper::from(BertProcessing::new(sep, cls))));
    }
    Ok((tokenizer, is_inferred_cased))
}

/// Whether a vocabulary was made of text with capital letters: one in a hundred of its pieces has one. Special pieces, as
/// `[CLS]`, do not count.
fn holds_capitals<'a>(pieces: impl Iterator<Item = &'a str>) -> bool {
    let is_special = |piece: &str| piece.starts_with('[') && piece.ends_with(']');
    let (mut all, mut capital) = (0, 0);
    for piece in pieces.filter(|piece| !is_special(piece)) {
        all += 1;
        capital += usize::from(piece.chars().any(char::is_uppercase));
    }
    capital > 0 && capital * 100 >= all
}

fn malformed(path: &Path, problem: String) -> BackboneError {
    BackboneError::Malformed { path: path.to_owned(), problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(String::from).collect()
    }

    #[test]
    fn vocabulary_file_lower_case_and_empty_words() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("vocab.txt"), "[PAD]\n[UNK]\n[CLS]\n[SEP]\ngout\n##y\n-\n").unwrap();
        let pieces = WordPieces::open(dir.path()).unwrap();
        let of = |text: &str| pieces.split(&words(text)).iter().map(|p| (p.id, p.word)).collect::<Vec<_>>();
        assert_eq!(of("Gouty - \u{1} zz"), [(4, 0), (5, 0), (6, 1), (1, 2), (1, 3)]);
        assert_eq!(of("\u{1} gout-gout"), [(1, 0), (4, 1), (6, 1), (4, 1)]);
        std::fs::write(dir.path().join("tokenizer_config.json"), r#"{"do_lower_case": false}"#).unwrap();
        let cased = WordPieces::open(dir.path()).unwrap();
        assert_eq!(cased.split(&words("Gout"))[0].id, 1);
    }

    #[test]
    fn truncation_of_the_file_is_overridden() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("vocab.txt"), "[PAD]\n[UNK]\n[CLS]\n[SEP]\na\n").unwrap();
        let mut tokenizer = WordPieces::open(dir.path()).unwrap().tokenizer;
        let truncation = tokenizers::TruncationParams { max_length: 4, ..Default::default() };
        tokenizer.with_truncation(Some(truncation)).unwrap();
        tokenizer.with_padding(Some(tokenizers::PaddingParams::default()));
        tokenizer.save(dir.path().join("tokenizer.json"), false).unwrap();
        let pieces = WordPieces::open(dir.path()).unwrap();
        assert_eq!(pieces.split(&words("a a a a a a a")).len(), 7);
    }
}
