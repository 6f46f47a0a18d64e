//! The mistakes of a split, counted.

use std::collections::BTreeMap;

use super::entities::{Entity, entities};
use super::errors::{
    Confusion, ErrorClass, ErrorCount, ErrorReport, Example, LONGEST, LengthScore, Mention, SeenScores,
    SurfaceForms,
};
use crate::corpus::Sentence;
use crate::{Counts, ScoringProtocol};

/// Classifies the mistakes of a split. `predicted` holds the tags of each sentence, `train` the surface forms seen in
/// training. Each class gets at most `examples` examples.
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

/// Entities of gold and prediction that differ and share words, directly or through each other.
#[derive(Default)]
struct Stretch<'a> {
    gold: Vec<Entity<'a>>,
    predicted: Vec<Entity<'a>>,
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

    /// The entities that gold and prediction do not have in common, grouped by the stretches of words that they cover.
    fn stretches(&self) -> Vec<Stretch<'a>> {
        let wrong = |these: &[Entity<'a>], those: &[Entity<'a>], is_gold: bool| {
            let wrong = these.iter().filter(|entity| !those.contains(entity));
            wrong.map(|entity| (*entity, is_gold)).collect::<Vec<_>>()
        };
        let mut all = wrong(&self.gold, &self.predicted, true);
        all.extend(wrong(&self.predicted, &self.gold, false));
        all.sort_by_key(|(entity, is_gold)| (entity.first, !is_gold));
        let mut stretches: Vec<Stretch<'a>> = Vec::new();
        let mut end = None;
        for (entity, is_gold) in all {
            if end.is_none_or(|end| entity.first > end) {
                stretches.push(Stretch::default());
            }
            end = end.max(Some(entity.last));
            if let Some(stretch) = stretches.last_mut() {
                let entities = if is_gold { &mut stretch.gold } else { &mut stretch.predicted };
                entities.push(entity);
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

/// Gold and predicted type of an entity.
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
        for stretch in compared.stretches() {
            self.stretch(&compared, &stretch, examples);
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
        self.lengths[(entity.last - entity.first).min(LONGEST - 1)] += one;
        *(if seen { &mut self.seen } else { &mut self.unseen }) += one;
    }

    fn stretch(&mut self, compared: &Compared<'_>, stretch: &Stretch<'_>, examples: usize) {
        let Stretch { gold, predicted } = stretch;
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
