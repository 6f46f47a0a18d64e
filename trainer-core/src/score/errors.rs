//! What kinds of mistakes a model makes: classes with examples, by entity length, for surface forms seen in training and
//! unseen ones, and which types it confuses.
//!
//! Owns the classes. Must not know models. Everything is counted under the strict protocol, and the counts add up: the
//! `gold` of all classes to the false negatives, their `predicted` to the false positives.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::entities::{Entity, entities};
use crate::corpus::Sentence;
use crate::{EntityScore, ScoringProtocol};

/// A class of mistakes: what is found in one stretch of words where gold and predicted entities touch without being equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorClass {
    /// One of each: same type and end, another beginning.
    LeftBoundary,
    /// One of each: same type and beginning, another end.
    RightBoundary,
    /// One of each: same type, overlapping, both ends differ.
    BothBoundaries,
    /// One of each: same words, another type.
    Type,
    /// One of each: overlapping, another type and other words.
    TypeAndBoundary,
    /// Several predicted entities instead of one.
    Split,
    /// One predicted entity instead of several.
    Merge,
    /// Several of both.
    Tangle,
    /// A gold entity that no prediction touches.
    Missed,
    /// A prediction that touches no gold entity.
    Spurious,
}

impl ErrorClass {
    /// All of them, in the order of reports.
    pub const ALL: [Self; 10] = [
        Self::LeftBoundary,
        Self::RightBoundary,
        Self::BothBoundaries,
        Self::Type,
        Self::TypeAndBoundary,
        Self::Split,
        Self::Merge,
        Self::Tangle,
        Self::Missed,
        Self::Spurious,
    ];

    /// The class of a stretch; `None` for an empty one.
    pub(super) fn of(gold: &[Entity<'_>], predicted: &[Entity<'_>]) -> Option<Self> {
        Some(match (gold, predicted) {
            ([], []) => return None,
            (_, []) => Self::Missed,
            ([], _) => Self::Spurious,
            ([g], [p]) => Self::of_pair(*g, *p),
            ([_], _) => Self::Split,
            (_, [_]) => Self::Merge,
            _ => Self::Tangle,
        })
    }

    fn of_pair(gold: Entity<'_>, predicted: Entity<'_>) -> Self {
        match (gold.kind == predicted.kind, gold.first == predicted.first, gold.last == predicted.last) {
            (false, true, true) => Self::Type,
            (false, ..) => Self::TypeAndBoundary,
            (true, false, true) => Self::LeftBoundary,
            (true, true, _) => Self::RightBoundary,
            (true, false, false) => Self::BothBoundaries,
        }
    }
}

/// An entity in the text of its sentence, which is its words joined by single blanks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mention {
    /// Entity type.
    #[serde(rename = "type")]
    pub kind: String,
    /// First character (Unicode scalar value) in the text, from 0.
    pub start: usize,
    /// Character after the last.
    pub end: usize,
    /// The words.
    pub text: String,
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Example {
    /// Index of the sentence in its split, from 0.
    pub sentence: usize,
    /// Its words joined by single blanks.
    pub text: String,
    /// The gold entities.
    pub gold: Vec<Mention>,
    /// The predicted entities.
    pub predicted: Vec<Mention>,
}

/// How often a class occurs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorCount {
    /// The class.
    pub class: ErrorClass,
    /// Stretches of words.
    pub places: u64,
    /// Gold entities in them: false negatives.
    pub gold: u64,
    /// Predicted entities in them: false positives.
    pub predicted: u64,
    /// The first ones.
    pub examples: Vec<Example>,
}

/// Gold entities of one type that were predicted as another. The predicted entity is the one that shares most words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confusion {
    /// Type of the gold entity; `None`: nothing is there.
    pub gold: Option<String>,
    /// Type of the predicted one; `None`: nothing was predicted.
    pub predicted: Option<String>,
    /// How many.
    pub count: u64,
}

/// Score of entities of one length.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LengthScore {
    /// Words; the last bucket holds longer ones too.
    pub words: usize,
    /// False negatives by the length of the gold entity, false positives by that of the predicted one.
    pub score: EntityScore,
}

/// Scores by whether the surface form occurs as an entity in train.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeenScores {
    /// Entities whose words, in lower case, are an entity of any type in train.
    pub seen: EntityScore,
    /// All others.
    pub unseen: EntityScore,
}

/// The mistakes in a split.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ErrorReport {
    /// Every class, in the order of [`ErrorClass::ALL`].
    pub classes: Vec<ErrorCount>,
    /// 1 to [`LONGEST`] words.
    pub by_length: Vec<LengthScore>,
    /// Absent where the training split is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by_surface_form: Option<SeenScores>,
    /// Every pair of types that occurs, right ones included.
    pub confusion: Vec<Confusion>,
}

/// The bucket of the longest entities.
pub const LONGEST: usize = 6;

/// Surface forms of the entities of a training split.
#[derive(Debug, Clone, Default)]
pub struct SurfaceForms(HashSet<String>);

impl SurfaceForms {
    /// The forms of all entities of `sentences`.
    pub fn of(sentences: &[Sentence]) -> Self {
        let of_sentence = |sentence: &Sentence| {
            let found = entities(&sentence.tags, ScoringProtocol::Strict);
            found.iter().map(|entity| form(&sentence.tokens, *entity)).collect::<Vec<_>>()
        };
        Self(sentences.iter().flat_map(of_sentence).collect())
    }

    pub(super) fn contains(&self, words: &[String], entity: Entity<'_>) -> bool {
        self.0.contains(&form(words, entity))
    }
}

fn form(words: &[String], entity: Entity<'_>) -> String {
    words[entity.first..=entity.last].join(" ").to_lowercase()
}

impl ErrorCount {
    pub(super) fn none(class: ErrorClass) -> Self {
        Self { class, places: 0, gold: 0, predicted: 0, examples: Vec::new() }
    }
}
