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

use super::{BackboneError, EncoderConfig};

/// One piece: its id, and the index of the word that it is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) id: u32,
    pub(crate) word: u32,
}

/// A WordPiece tokenizer and the ids of the special pieces.
pub(crate) struct WordPieces {
    tokenizer: Tokenizer,
    pub(crate) frame: Frame,
    pub(crate) unknown: u32,
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
    /// Opens `tokenizer.json` in `dir`, or else `vocab.txt` as a BERT WordPiece vocabulary.
    ///
    /// # Errors
    /// No tokenizer, a malformed one, or one without `[CLS]`, `[SEP]`, `[UNK]`.
    pub(crate) fn open(dir: &Path) -> Result<Self, BackboneError> {
        let (path, vocabulary) = (dir.join("tokenizer.json"), dir.join("vocab.txt"));
        let (path, tokenizer) = if path.is_file() {
            from_json(path)?
        } else if !vocabulary.is_file() && dir.join(SENTENCE_PIECE).is_file() {
            return Err(unconverted(dir));
        } else {
            from_vocabulary(dir, vocabulary)?
        };
        let id = |piece: &str| {
            tokenizer.token_to_id(piece).ok_or_else(|| malformed(&path, format!("has no {piece} piece")))
        };
        let (cls, sep, unknown) = (id("[CLS]")?, id("[SEP]")?, id("[UNK]")?);
        Ok(Self { tokenizer, frame: Frame { cls, sep }, unknown })
    }

    /// Refuses a tokenizer with more pieces than the encoder beside it has embeddings. `dir` is their folder.
    ///
    /// # Errors
    /// The two sizes.
    pub(crate) fn check(&self, dir: &Path, config: &EncoderConfig) -> Result<(), BackboneError> {
        if self.vocabulary() <= config.vocab_size {
            return Ok(());
        }
        let problem = format!(
            "vocab_size is {}, but the tokenizer beside it has {} pieces",
            config.vocab_size,
            self.vocabulary()
        );
        Err(malformed(&dir.join("config.json"), problem))
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

/// Switches padding and truncation of the file off: windows are cut elsewhere, and truncated pieces would be lost.
fn from_json(path: PathBuf) -> Result<(PathBuf, Tokenizer), BackboneError> {
    let mut tokenizer = Tokenizer::from_file(&path).map_err(|error| malformed(&path, error.to_string()))?;
    tokenizer.with_truncation(None).map_err(|error| malformed(&path, error.to_string()))?;
    tokenizer.with_padding(None);
    Ok((path, tokenizer))
}

fn from_vocabulary(dir: &Path, path: PathBuf) -> Result<(PathBuf, Tokenizer), BackboneError> {
    #[derive(Deserialize)]
    #[serde(default)]
    struct Settings {
        do_lower_case: bool,
        strip_accents: Option<bool>,
        tokenize_chinese_chars: bool,
    }
    impl Default for Settings {
        fn default() -> Self {
            Self { do_lower_case: true, strip_accents: None, tokenize_chinese_chars: true }
        }
    }
    let bytes =
        std::fs::read(&path).map_err(|source| BackboneError::Unreadable { path: path.clone(), source })?;
    let model = WordPiece::read_bytes(&bytes)
        .and_then(|vocabulary| WordPiece::builder().vocab(vocabulary).unk_token("[UNK]".into()).build())
        .map_err(|error| malformed(&path, error.to_string()))?;
    let settings_path = dir.join("tokenizer_config.json");
    let settings = match std::fs::read_to_string(&settings_path) {
        Ok(text) => {
            serde_json::from_str(&text).map_err(|error| malformed(&settings_path, error.to_string()))?
        }
        Err(_) => Settings::default(),
    };
    let normalizer = BertNormalizer::new(
        true,
        settings.tokenize_chinese_chars,
        settings.strip_accents,
        settings.do_lower_case,
    );
    let mut tokenizer = Tokenizer::new(model);
    tokenizer
        .with_normalizer(Some(NormalizerWrapper::from(normalizer)))
        .map_err(|error| malformed(&path, error.to_string()))?;
    tokenizer.with_pre_tokenizer(Some(PreTokenizerWrapper::from(BertPreTokenizer)));
    let special = |piece: &str| tokenizer.token_to_id(piece).map(|id| (piece.to_owned(), id));
    if let (Some(sep), Some(cls)) = (special("[SEP]"), special("[CLS]")) {
        // Only for readers of a saved tokenizer: here, special pieces are put around windows.
        tokenizer.with_post_processor(Some(PostProcessorWrapper::from(BertProcessing::new(sep, cls))));
    }
    Ok((path, tokenizer))
}

const SENTENCE_PIECE: &str = "spm.model";

/// A SentencePiece model is not read; transformers converts it.
fn unconverted(dir: &Path) -> BackboneError {
    let folder = dir.display();
    let problem = format!(
        "a SentencePiece model is not read; make a tokenizer.json beside it (pip install transformers sentencepiece \
         tiktoken protobuf): python -c \"from transformers import AutoTokenizer as T; \
         T.from_pretrained('{folder}').save_pretrained('{folder}')\""
    );
    malformed(&dir.join(SENTENCE_PIECE), problem)
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
    fn a_sentence_piece_model_is_refused_with_the_command_that_converts_it() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("spm.model"), b"").unwrap();
        let error = WordPieces::open(dir.path()).map(drop).unwrap_err().to_string();
        assert!(
            error.contains("spm.model: a SentencePiece model") && error.contains("save_pretrained"),
            "{error}"
        );
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
