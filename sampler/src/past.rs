//! The trials of a study that have ended for good, as points of its space: all that a suggestion reads of them, without
//! the names and values they were told in.
//!
//! Knows nothing of how long it is kept, nor where the trials come from.

use pedigree_protocol::Space;

use crate::axis::{Axis, Reader};
use crate::history::{Observed, Outcome, Seen};
use crate::numbers::Numbers;

/// Ended trials of one study: about 200 bytes each. For whoever keeps them from one suggestion to the next: none of them
/// is copied for it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Past {
    /// The space's fingerprint; of an empty past anything.
    space: u64,
    /// Those that lie in the space, by number.
    trials: Vec<Seen>,
    /// Those that do not, by number.
    strangers: Vec<(u32, Outcome)>,
    /// Numbers of the former.
    numbers: Numbers,
}

impl Past {
    /// Adds ended trials of a study over that space, the same one at each call. A number has one trial: the first stays.
    pub fn add(&mut self, space: &Space, trials: &[Observed]) {
        let axes = Axis::all(space);
        let (reader, mut found) = (Reader::new(&axes), Vec::new());
        self.space = reader.space();
        for trial in trials {
            let &Observed { number, outcome, .. } = trial;
            debug_assert!(outcome.is_finished(), "trial {number} has not ended");
            match (self.place_of(number), trial.params.place(&reader, &mut found)) {
                (Err((place, _)), Some(coordinates)) => {
                    self.trials.insert(place, Seen { number, outcome, coordinates });
                    self.numbers.insert(number);
                }
                (Err((_, place)), None) => self.strangers.insert(place, (number, outcome)),
                (Ok(()), _) => {}
            }
        }
    }

    /// Whether the number is there; else where it would stand among the trials, and among the strangers.
    fn place_of(&self, number: u32) -> Result<(), (usize, usize)> {
        let trials = self.trials.binary_search_by_key(&number, |trial| trial.number);
        let strangers = self.strangers.binary_search_by_key(&number, |(stranger, _)| *stranger);
        match (trials, strangers) {
            (Err(trial), Err(stranger)) => Err((trial, stranger)),
            _ => Ok(()),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.trials.len() + self.strangers.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What became of each, with its number; in no order.
    pub fn outcomes(&self) -> impl Iterator<Item = (u32, Outcome)> {
        let trials = self.trials.iter().map(|trial| (trial.number, trial.outcome));
        trials.chain(self.strangers.iter().copied())
    }

    /// Whether it is a past of the reader's space.
    pub(crate) fn is_in(&self, reader: &Reader<'_>) -> bool {
        self.space == reader.space() || self.is_empty()
    }

    /// The trials that lie in the space, by number.
    pub(crate) fn trials(&self) -> &[Seen] {
        &self.trials
    }

    /// Numbers of those that do not.
    pub(crate) fn strangers(&self) -> impl Iterator<Item = u32> {
        self.strangers.iter().map(|(number, _)| *number)
    }

    /// Their numbers.
    pub(crate) fn numbers(&self) -> &Numbers {
        &self.numbers
    }

    pub(crate) fn has(&self, number: u32) -> bool {
        self.place_of(number).is_ok()
    }

    /// Without one trial, should it be there.
    pub(crate) fn without(&self, number: u32) -> Self {
        let mut past = self.clone();
        past.trials.retain(|trial| trial.number != number);
        past.strangers.retain(|(stranger, _)| *stranger != number);
        past.numbers = past.trials.iter().map(|trial| trial.number).collect();
        past
    }
}
