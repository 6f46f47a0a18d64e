//! The ended trials of a study as points of its space: what a suggestion reads of them, without names and values.
//!
//! Knows nothing of how long it is kept, nor of where the trials come from.

use pedigree_protocol::Space;
use pedigree_protocol::suggestion::TrialNumbers;

use crate::axis::{Axis, Reader};
use crate::trial::{Observed, Outcome, Seen};

/// Ended trials of one study, about 200 bytes each. A caller keeps them from one suggestion to the next, and no suggestion
/// copies them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Past {
    /// The space's fingerprint; meaningless while the past is empty.
    space: u64,
    /// The trials that lie in the space, by number.
    trials: Vec<Seen>,
    /// The trials that do not lie in the space, by number.
    strangers: Vec<Stranger>,
    /// Numbers of the trials that lie in the space.
    numbers: TrialNumbers,
}

/// A trial that does not lie in the space.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Stranger {
    number: u32,
    outcome: Outcome,
}

impl Past {
    /// Adds ended trials. Every call names the same space. Where several trials have the same number, the first one stays.
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
                (Err((_, place)), None) => self.strangers.insert(place, Stranger { number, outcome }),
                (Ok(()), _) => {}
            }
        }
    }

    /// `Ok` where the number is there; otherwise its places among the trials and among the strangers.
    fn place_of(&self, number: u32) -> Result<(), (usize, usize)> {
        let trials = self.trials.binary_search_by_key(&number, |trial| trial.number);
        let strangers = self.strangers.binary_search_by_key(&number, |stranger| stranger.number);
        match (trials, strangers) {
            (Err(trial), Err(stranger)) => Err((trial, stranger)),
            _ => Ok(()),
        }
    }

    /// How many trials there are.
    pub fn len(&self) -> usize {
        self.trials.len() + self.strangers.len()
    }

    /// Whether there are no trials.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number and outcome of each trial, in no particular order.
    pub fn outcomes(&self) -> impl Iterator<Item = (u32, Outcome)> {
        let trials = self.trials.iter().map(|trial| (trial.number, trial.outcome));
        trials.chain(self.strangers.iter().map(|stranger| (stranger.number, stranger.outcome)))
    }

    /// Whether the past belongs to the reader's space.
    pub(crate) fn is_in(&self, reader: &Reader<'_>) -> bool {
        self.space == reader.space() || self.is_empty()
    }

    /// The trials that lie in the space, by number.
    pub(crate) fn trials(&self) -> &[Seen] {
        &self.trials
    }

    /// Numbers of the trials that do not lie in the space.
    pub(crate) fn strangers(&self) -> impl Iterator<Item = u32> {
        self.strangers.iter().map(|stranger| stranger.number)
    }

    /// Numbers of the trials that lie in the space.
    pub(crate) fn numbers(&self) -> &TrialNumbers {
        &self.numbers
    }

    pub(crate) fn has(&self, number: u32) -> bool {
        self.place_of(number).is_ok()
    }

    /// The past without that trial.
    pub(crate) fn without(&self, number: u32) -> Self {
        let mut past = self.clone();
        past.trials.retain(|trial| trial.number != number);
        past.strangers.retain(|stranger| stranger.number != number);
        past.numbers = past.trials.iter().map(|trial| trial.number).collect();
        past
    }
}
