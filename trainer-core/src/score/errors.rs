//! What kind of mistakes a model makes: classes with examples, by entity length, for surface forms seen in training and
//! unseen ones, and which types it takes for which.
//!
//! Owns the classes. Must not know models. Everything is counted under the strict protocol, and every count adds up:
//! the `gold` of all classes to the false negatives, their `predicted` to the false positives.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};

use super::{Counts, Entity, entities};
use crate::corpus::Sentence;
use crate::{EntityScore, ScoringProtocol};

/// A class of mistakes: what stands in one stretch of words where gold and predicted entities touch without being equal.
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
    /// Several predicted entities in the place of one.
    Split,
    /// One predicted entity in the place of several.
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
    fn of(gold: &[Entity<'_>], predicted: &[Entity<'_>]) -> Option<Self> {
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
    /// What stands there.
    pub gold: Vec<Mention>,
    /// What was predicted.
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

/// Gold entities of one type that were taken for another, by the predicted entity that shares most words with them.
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

    fn contains(&self, words: &[String], entity: Entity<'_>) -> bool {
        self.0.contains(&form(words, entity))
    }
}

fn form(words: &[String], entity: Entity<'_>) -> String {
    words[entity.first..=entity.last].join(" ").to_lowercase()
}

/// Classifies the mistakes of a split. `predicted` holds the tags of each sentence; `examples` bounds those of each
/// class; `train` gives the seen forms.
pub fn error_report(
    gold: &[Sentence],
    predicted: &[Vec<String>],
    train: Option<&SurfaceForms>,
    examples: usize,
) -> ErrorReport {
    let mut tally = Tally::default();
    for (index, (sentence, tags)) in gold.iter().zip(predicted).enumerate() {
        let found = entities(tags, ScoringProtocol::Strict);
        tally.sentence(Compared::new(index, sentence, found), train, examples);
    }
    tally.report(train.is_some())
}

/// A sentence with both sets of entities.
struct Compared<'a> {
    index: usize,
    words: &'a [String],
    gold: Vec<Entity<'a>>,
    predicted: Vec<Entity<'a>>,
}

impl<'a> Compared<'a> {
    fn new(index: usize, sentence: &'a Sentence, predicted: Vec<Entity<'a>>) -> Self {
        let gold = entities(&sentence.tags, ScoringProtocol::Strict);
        Self { index, words: &sentence.tokens, gold, predicted }
    }

    /// Stretches of words in which entities that are not equal touch: gold and predicted ones of each.
    fn stretches(&self) -> Vec<(Vec<Entity<'a>>, Vec<Entity<'a>>)> {
        let wrong = |these: &[Entity<'a>], those: &[Entity<'a>], is_gold: bool| {
            let wrong = these.iter().filter(|entity| !those.contains(entity));
            wrong.map(|entity| (*entity, is_gold)).collect::<Vec<_>>()
        };
        let mut all = wrong(&self.gold, &self.predicted, true);
        all.extend(wrong(&self.predicted, &self.gold, false));
        all.sort_by_key(|(entity, is_gold)| (entity.first, !is_gold));
        let mut stretches: Vec<(Vec<Entity<'_>>, Vec<Entity<'_>>)> = Vec::new();
        let mut end = None;
        for (entity, is_gold) in all {
            if end.is_none_or(|end| entity.first > end) {
                stretches.push((Vec::new(), Vec::new()));
            }
            end = end.max(Some(entity.last));
            if let Some((gold, predicted)) = stretches.last_mut() {
                if is_gold { gold.push(entity) } else { predicted.push(entity) }
            }
        }
        stretches
    }

    fn mention(&self, entity: Entity<'_>) -> Mention {
        let before: usize = self.words[..entity.first].iter().map(|word| word.chars().count() + 1).sum();
        let text = self.words[entity.first..=entity.last].join(" ");
        Mention { kind: entity.kind.into(), start: before, end: before + text.chars().count(), text }
    }

    fn example(&self, gold: &[Entity<'_>], predicted: &[Entity<'_>]) -> Example {
        let mentions = |of: &[Entity<'_>]| of.iter().map(|entity| self.mention(*entity)).collect();
        Example {
            sentence: self.index,
            text: self.words.join(" "),
            gold: mentions(gold),
            predicted: mentions(predicted),
        }
    }
}

/// Words that two entities share.
fn shared(a: Entity<'_>, b: Entity<'_>) -> usize {
    (a.last.min(b.last) + 1).saturating_sub(a.first.max(b.first))
}

type Pair = (Option<String>, Option<String>);

/// Counts in progress.
#[derive(Default)]
struct Tally {
    classes: BTreeMap<ErrorClass, ErrorCount>,
    lengths: [Counts; LONGEST],
    seen: Counts,
    unseen: Counts,
    confusion: BTreeMap<Pair, u64>,
}

impl Tally {
    fn sentence(&mut self, compared: Compared<'_>, train: Option<&SurfaceForms>, examples: usize) {
        for (gold, predicted) in compared.stretches() {
            self.stretch(&compared, &gold, &predicted, examples);
        }
        let is_seen =
            |entity| train.is_some_and(|forms: &SurfaceForms| forms.contains(compared.words, entity));
        for &entity in &compared.gold {
            let right = compared.predicted.contains(&entity);
            let one =
                Counts { true_positives: right.into(), false_positives: 0, false_negatives: (!right).into() };
            self.count(entity, is_seen(entity), one);
            let taken = best_overlap(entity, &compared.predicted).map(|taken| taken.kind.to_owned());
            *self.confusion.entry((Some(entity.kind.into()), taken)).or_default() += 1;
        }
        for &entity in compared.predicted.iter().filter(|entity| !compared.gold.contains(entity)) {
            self.count(entity, is_seen(entity), Counts { false_positives: 1, ..Counts::default() });
            if best_overlap(entity, &compared.gold).is_none() {
                *self.confusion.entry((None, Some(entity.kind.into()))).or_default() += 1;
            }
        }
    }

    fn count(&mut self, entity: Entity<'_>, seen: bool, one: Counts) {
        self.lengths[(entity.last - entity.first).min(LONGEST - 1)].add(one);
        if seen { self.seen.add(one) } else { self.unseen.add(one) }
    }

    fn stretch(
        &mut self,
        compared: &Compared<'_>,
        gold: &[Entity<'_>],
        predicted: &[Entity<'_>],
        examples: usize,
    ) {
        let Some(class) = ErrorClass::of(gold, predicted) else { return };
        let count = self.classes.entry(class).or_insert_with(|| ErrorCount::none(class));
        count.places += 1;
        count.gold += gold.len() as u64;
        count.predicted += predicted.len() as u64;
        if count.examples.len() < examples {
            count.examples.push(compared.example(gold, predicted));
        }
    }

    fn report(mut self, seen_is_known: bool) -> ErrorReport {
        let take = |class| self.classes.remove(&class).unwrap_or_else(|| ErrorCount::none(class));
        let by_length = self.lengths.iter().enumerate();
        let confusion = self.confusion.into_iter();
        ErrorReport {
            classes: ErrorClass::ALL.into_iter().map(take).collect(),
            by_length: by_length
                .map(|(at, counts)| LengthScore { words: at + 1, score: counts.score() })
                .collect(),
            by_surface_form: seen_is_known
                .then(|| SeenScores { seen: self.seen.score(), unseen: self.unseen.score() }),
            confusion: confusion
                .map(|((gold, predicted), count)| Confusion { gold, predicted, count })
                .collect(),
        }
    }
}

impl ErrorCount {
    fn none(class: ErrorClass) -> Self {
        Self { class, places: 0, gold: 0, predicted: 0, examples: Vec::new() }
    }
}

/// The one of `others` that shares most words with `entity`, the earlier at a tie.
fn best_overlap<'a>(entity: Entity<'_>, others: &[Entity<'a>]) -> Option<Entity<'a>> {
    let mut best: Option<Entity<'a>> = None;
    for &other in others.iter().filter(|other| shared(entity, **other) > 0) {
        if best.is_none_or(|best| shared(entity, other) > shared(entity, best)) {
            best = Some(other);
        }
    }
    best
}

#[cfg(test)]
#[path = "errors_tests.rs"]
mod tests;
