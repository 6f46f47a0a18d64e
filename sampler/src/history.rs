//! What has been tried: every trial that a sampler may see, read-only and ordered by trial number.
//!
//! Knows nothing of how a suggestion is made, nor of where trials are kept.

use std::sync::Arc;

use itertools::Itertools as _;
use pedigree_protocol::suggestion::TrialNumbers;

use crate::axis::{Axis, Reader};
use crate::donor::Donor;
use crate::past::Past;
use crate::trial::{Observed, Seen};

/// The trials of a study, ordered by number.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    /// Trials that the caller keeps from one suggestion to the next. None of them is in `trials`.
    past: Arc<Past>,
    trials: Vec<Observed>,
    donors: Vec<Donor>,
}

impl History {
    /// Sorts the trials by number. Where several have the same number, the first one stays.
    pub fn new(trials: Vec<Observed>) -> Self {
        Self::after(Arc::default(), trials)
    }

    /// The history of a past and of further trials, none of which is in the past.
    pub fn after(past: Arc<Past>, mut trials: Vec<Observed>) -> Self {
        trials.sort_by_key(|trial| trial.number);
        trials.dedup_by_key(|trial| trial.number);
        Self { past, trials, donors: Vec::new() }
    }

    /// The same trials, with finished sibling studies to learn from.
    #[must_use]
    pub fn with_donors(self, donors: Vec<Donor>) -> Self {
        Self { donors, ..self }
    }

    /// Adds a trial. Changes nothing where its number is there already.
    pub fn add(&mut self, trial: Observed) {
        if let Err(place) = self.trials.binary_search_by_key(&trial.number, |known| known.number) {
            self.trials.insert(place, trial);
        }
    }

    /// The sibling studies to learn from.
    pub(crate) fn donors(&self) -> &[Donor] {
        &self.donors
    }

    /// The trials that a suggestion for trial `asked` may use, as points of the space: all except `asked` itself.
    pub(crate) fn view(&self, axes: &[Axis<'_>], asked: u32) -> View {
        let (reader, mut found) = (Reader::new(axes), Vec::new());
        let (past, mut skipped) = self.past(&reader, asked);
        let mut others = Vec::with_capacity(self.trials.len());
        for trial in self.trials.iter().filter(|trial| trial.number != asked) {
            let &Observed { number, outcome, .. } = trial;
            match trial.params.place(&reader, &mut found) {
                Some(coordinates) => others.push(Seen { number, outcome, coordinates }),
                None => skipped.push(number),
            }
        }
        skipped.sort_unstable();
        View { past, others, skipped: skipped.into_iter().collect() }
    }

    /// The past without the trial `asked`, and the numbers of its trials that do not lie in the space.
    fn past(&self, reader: &Reader<'_>, asked: u32) -> (Arc<Past>, Vec<u32>) {
        if !self.past.is_in(reader) {
            let numbers = self.past.outcomes().map(|(number, _)| number);
            return (Arc::default(), numbers.filter(|number| *number != asked).collect());
        }
        let has_asked = self.past.has(asked);
        let past = if has_asked { Arc::new(self.past.without(asked)) } else { self.past.clone() };
        let strangers = past.strangers().collect();
        (past, strangers)
    }
}

/// The part of a history that lies in a space.
#[derive(Debug, Default)]
pub(crate) struct View {
    past: Arc<Past>,
    /// The trials that are not in the past, ordered by number.
    others: Vec<Seen>,
    /// Numbers of the trials whose parameters do not lie in the space.
    pub(crate) skipped: TrialNumbers,
}

impl View {
    /// All trials, ordered by number.
    pub(crate) fn trials(&self) -> impl Iterator<Item = &Seen> {
        self.past.trials().iter().merge_by(&self.others, |a, b| a.number < b.number)
    }

    pub(crate) fn len(&self) -> usize {
        self.past.trials().len() + self.others.len()
    }

    /// Adds a trial that is not in the past, or replaces the one with its number.
    pub(crate) fn set(&mut self, trial: Seen) {
        match self.others.binary_search_by_key(&trial.number, |known| known.number) {
            Ok(place) => self.others[place] = trial,
            Err(place) => self.others.insert(place, trial),
        }
    }

    /// The trial with that number; `None` also for a trial of the past.
    pub(crate) fn get_mut(&mut self, number: u32) -> Option<&mut Seen> {
        let place = self.others.binary_search_by_key(&number, |known| known.number);
        place.ok().map(|place| &mut self.others[place])
    }

    /// How many trials have ended.
    pub(crate) fn finished(&self) -> usize {
        self.past.trials().len() + self.others.iter().filter(|trial| trial.outcome.is_finished()).count()
    }

    /// Numbers of the finished and of the pending trials.
    pub(crate) fn numbers(&self) -> (TrialNumbers, TrialNumbers) {
        let (finished, pending): (Vec<&Seen>, Vec<_>) =
            self.others.iter().partition(|trial| trial.outcome.is_finished());
        let mut ended = self.past.numbers().clone();
        finished.iter().for_each(|trial| ended.insert(trial.number));
        (ended, pending.iter().map(|trial| trial.number).collect())
    }
}
