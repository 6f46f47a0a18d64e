//! What has been tried: every trial that a sampler may see, read-only and in the order of trial numbers.
//!
//! Knows nothing of how a suggestion is made, and nothing of where trials are kept.

use std::sync::Arc;

use itertools::Itertools as _;

use crate::axis::{Axis, Reader};
use crate::numbers::Numbers;
use crate::past::Past;
use crate::transfer::Donor;
use crate::tried::{Coordinates, Tried};

/// A trial as a sampler sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Observed {
    /// Its number in the study.
    pub number: u32,
    /// The parameters it was given.
    pub params: Tried,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a trial.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Outcome {
    /// It ran to its end, by patience or by its last epoch: the objective of its best epoch.
    Completed(f64),
    /// A cross-trial pruner ended it.
    Pruned {
        /// The last step it reported.
        step: u32,
        /// The objective at that step; `None` when it never reported.
        value: Option<f64>,
    },
    /// It broke a constraint: out of memory, over a limit, diverged.
    Infeasible {
        /// By how much, above 0; 1 where that is not known.
        violation: f64,
    },
    /// It is waiting or running.
    Pending,
}

impl Outcome {
    /// Whether the trial has ended.
    pub const fn is_finished(&self) -> bool {
        !matches!(self, Self::Pending)
    }
}

/// The trials of a study, in the order of their numbers however they were presented.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    /// Trials that somebody keeps from one suggestion to the next; none of them is among the others.
    past: Arc<Past>,
    trials: Vec<Observed>,
    donors: Vec<Donor>,
}

impl History {
    /// Sorts the trials by number. A number has one trial; of several with the same number the first stays.
    pub fn new(trials: Vec<Observed>) -> Self {
        Self::after(Arc::default(), trials)
    }

    /// The same of a past and further trials, none of which is in it.
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

    /// Adds a trial; one whose number is there already changes nothing.
    pub fn add(&mut self, trial: Observed) {
        if let Err(place) = self.trials.binary_search_by_key(&trial.number, |known| known.number) {
            self.trials.insert(place, trial);
        }
    }

    /// The sibling studies to learn from.
    pub(crate) fn donors(&self) -> &[Donor] {
        &self.donors
    }

    /// The trials that a suggestion for trial `asked` may use: all others, as points of the space.
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

    /// The past without the trial `asked`, and the numbers of those in it that do not lie in the space.
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
    /// Those that are not in the past, in the order of their numbers.
    others: Vec<Seen>,
    /// Numbers of the trials whose parameters do not lie in the space.
    pub(crate) skipped: Numbers,
}

impl View {
    /// In the order of trial numbers.
    pub(crate) fn trials(&self) -> impl Iterator<Item = &Seen> {
        self.past.trials().iter().merge_by(&self.others, |a, b| a.number < b.number)
    }

    pub(crate) fn len(&self) -> usize {
        self.past.trials().len() + self.others.len()
    }

    /// Adds a trial that is not in the past, in the place of the one with its number where there is one.
    pub(crate) fn set(&mut self, trial: Seen) {
        match self.others.binary_search_by_key(&trial.number, |known| known.number) {
            Ok(place) => self.others[place] = trial,
            Err(place) => self.others.insert(place, trial),
        }
    }

    /// The trial of that number, where it is not in the past.
    pub(crate) fn get_mut(&mut self, number: u32) -> Option<&mut Seen> {
        let place = self.others.binary_search_by_key(&number, |known| known.number);
        place.ok().map(|place| &mut self.others[place])
    }

    /// How many trials have ended.
    pub(crate) fn finished(&self) -> usize {
        self.past.trials().len() + self.others.iter().filter(|trial| trial.outcome.is_finished()).count()
    }

    /// Numbers of the trials that have ended, and of those that have not.
    pub(crate) fn numbers(&self) -> (Numbers, Numbers) {
        let (finished, pending): (Vec<&Seen>, Vec<_>) =
            self.others.iter().partition(|trial| trial.outcome.is_finished());
        let mut ended = self.past.numbers().clone();
        finished.iter().for_each(|trial| ended.insert(trial.number));
        (ended, pending.iter().map(|trial| trial.number).collect())
    }
}

/// A trial with its parameters as coordinates, one for each dimension in file order (`None`: inactive).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Seen {
    pub(crate) number: u32,
    pub(crate) outcome: Outcome,
    pub(crate) coordinates: Coordinates,
}
