//! `spm.model`: a Unigram vocabulary of SentencePiece with its normaliser, as DeBERTa v2 and v3 publish it.
//!
//! Owns the file's format, and the tokenizer that transformers makes of it (its `DebertaV2Converter`). Must not know models.

use std::path::Path;

use serde::Deserialize;
use tokenizers::models::unigram::Unigram;
use tokenizers::normalizers::replace::ReplacePattern;
use tokenizers::normalizers::utils::Lowercase;
use tokenizers::normalizers::{NormalizerWrapper, Precompiled, Replace, Sequence, Strip};
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::pre_tokenizers::metaspace::{Metaspace, PrependScheme};
use tokenizers::pre_tokenizers::punctuation::Punctuation;
use tokenizers::pre_tokenizers::sequence::Sequence as PreSequence;
use tokenizers::processors::bert::BertProcessing;
use tokenizers::{AddedToken, PostProcessorWrapper, SplitDelimiterBehavior, Tokenizer};

use super::BackboneError;
use super::charsmap::is_sound;
use super::folder::{read_bytes, read_json};
use super::wire::{Field, Malformed, fields};

/// Name of the file.
pub(super) const SENTENCE_PIECE: &str = "spm.model";
/// The piece that transformers adds where the file lacks it.
const MASK: &str = "[MASK]";

/// Kinds of pieces, by their numbers in the file.
const UNKNOWN: u64 = 2;
const CONTROL: u64 = 3;
const USER_DEFINED: u64 = 4;
const BYTE: u64 = 6;
/// The kind of model that is read.
const UNIGRAM: u64 = 1;

/// What is read of the file.
#[derive(Default)]
struct Model {
    pieces: Vec<Piece>,
    kind: Option<u64>,
    charsmap: Vec<u8>,
}

struct Piece {
    text: String,
    score: f32,
    kind: u64,
}

/// The keys of `tokenizer_config.json` that change the pieces.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Settings {
    do_lower_case: bool,
    split_by_punct: bool,
}

/// Reads the file in `dir`.
///
/// # Errors
/// A file that is missing or damaged, or holds another kind of model.
pub(super) fn open(dir: &Path) -> Result<Tokenizer, BackboneError> {
    let path = dir.join(SENTENCE_PIECE);
    let bytes = read_bytes(&path)?;
    let settings_path = dir.join("tokenizer_config.json");
    let settings = if settings_path.is_file() { read_json(&settings_path)? } else { Settings::default() };
    let refused = |problem: String| BackboneError::Malformed { path: path.clone(), problem };
    let model = Model::parse(&bytes).map_err(|Malformed| refused("not a SentencePiece model".into()))?;
    model.check().map_err(refused)?;
    model.tokenizer(&settings).map_err(|error| refused(error.to_string()))
}

impl Model {
    fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut model = Self::default();
        for field in fields(bytes) {
            match field? {
                (1, Field::Bytes(piece)) => model.pieces.push(Piece::parse(piece)?),
                (2, Field::Bytes(trainer)) => model.kind = number(trainer, 3)?,
                (3, Field::Bytes(normaliser)) => {
                    for field in fields(normaliser) {
                        if let (2, Field::Bytes(charsmap)) = field? {
                            model.charsmap = charsmap.to_vec();
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(model)
    }

    fn check(&self) -> Result<(), String> {
        if self.kind.unwrap_or(UNIGRAM) != UNIGRAM {
            return Err(
                "only Unigram models of SentencePiece are read; convert it to a tokenizer.json".into()
            );
        }
        if self.pieces.iter().any(|piece| piece.kind == BYTE) {
            return Err("pieces of bytes are not implemented; convert it to a tokenizer.json".into());
        }
        if !self.pieces.iter().any(|piece| piece.kind == UNKNOWN) {
            return Err("no piece stands for what the others do not cover; the file is damaged".into());
        }
        if self.pieces.iter().any(|piece| piece.text.is_empty() || !piece.score.is_finite()) {
            return Err("a piece is empty or has no score; the file is damaged".into());
        }
        if !self.charsmap.is_empty() && !is_sound(&self.charsmap) {
            return Err("its table of characters is damaged; download the file again".into());
        }
        Ok(())
    }

    fn tokenizer(&self, settings: &Settings) -> tokenizers::Result<Tokenizer> {
        let vocabulary =
            self.pieces.iter().map(|piece| (piece.text.clone(), f64::from(piece.score))).collect();
        let unknown = self.pieces.iter().position(|piece| piece.kind == UNKNOWN);
        let mut tokenizer = Tokenizer::new(Unigram::from(vocabulary, unknown, false)?);
        tokenizer.with_normalizer(Some(self.normalizer(settings)?))?;
        tokenizer.with_pre_tokenizer(Some(pre_tokenizer(settings)));
        let added = self.pieces.iter().filter(|piece| [CONTROL, USER_DEFINED].contains(&piece.kind));
        for piece in added {
            let token = AddedToken::from(piece.text.clone(), piece.kind == CONTROL).normalized(false);
            tokenizer.add_tokens([token])?;
        }
        let special = ["[PAD]", "[CLS]", "[SEP]", "[UNK]", MASK].map(|piece| AddedToken::from(piece, true));
        tokenizer.add_special_tokens(special)?;
        let id = |piece: &str| tokenizer.token_to_id(piece).map(|id| (piece.to_owned(), id));
        if let (Some(sep), Some(cls)) = (id("[SEP]"), id("[CLS]")) {
            tokenizer.with_post_processor(Some(PostProcessorWrapper::from(BertProcessing::new(sep, cls))));
        }
        Ok(tokenizer)
    }

    fn normalizer(&self, settings: &Settings) -> tokenizers::Result<NormalizerWrapper> {
        let mut steps = Vec::new();
        if settings.do_lower_case {
            steps.push(NormalizerWrapper::from(Lowercase));
        }
        steps.push(NormalizerWrapper::from(Strip::new(true, true)));
        if !self.charsmap.is_empty() {
            let charsmap = Precompiled::from(&self.charsmap).map_err(|error| format!("{error:?}"))?;
            steps.push(NormalizerWrapper::from(charsmap));
        }
        steps.push(NormalizerWrapper::from(Replace::new(ReplacePattern::Regex(" {2,}".into()), " ")?));
        Ok(NormalizerWrapper::from(Sequence::new(steps)))
    }
}

fn pre_tokenizer(settings: &Settings) -> PreTokenizerWrapper {
    let mut steps = Vec::new();
    if settings.split_by_punct {
        steps.push(PreTokenizerWrapper::from(Punctuation::new(SplitDelimiterBehavior::Isolated)));
    }
    steps.push(PreTokenizerWrapper::from(Metaspace::new('▁', PrependScheme::Always, true)));
    PreTokenizerWrapper::from(PreSequence::new(steps))
}

impl Piece {
    fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut piece = Self { text: String::new(), score: 0.0, kind: 1 };
        for field in fields(bytes) {
            match field? {
                (1, Field::Bytes(text)) => {
                    piece.text = std::str::from_utf8(text).map_err(|_| Malformed)?.to_owned();
                }
                (2, Field::Four(score)) => piece.score = f32::from_le_bytes(score),
                (3, Field::Number(kind)) => piece.kind = kind,
                _ => {}
            }
        }
        Ok(piece)
    }
}

/// The number under `wanted` in a message.
fn number(message: &[u8], wanted: u64) -> Result<Option<u64>, Malformed> {
    let mut found = None;
    for field in fields(message) {
        if let (tag, Field::Number(value)) = field? {
            found = if tag == wanted { Some(value) } else { found };
        }
    }
    Ok(found)
}
