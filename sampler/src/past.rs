//! The trials of a study that have ended for good, as points of its space: all that a suggestion reads of them, without
//! the names and values they were told in.
//!
//! Knows nothing of how long it is kept, nor where the trials come from.

use pedigree_protocol::Space;

use crate::axis::{Axis, Reader};
use crate::history::{Observed, Outcome, Seen};
use crate::tried::Coordinates;

/// Ended trials of one study, in the order of their numbers: about 200 bytes each. For whoever keeps them from one
/// suggestion to the next.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Past {
    /// The space's fingerprint; of an empty past anything.
    space: u64,
    trials: Vec<Placed>,
}

/// An ended trial; without coordinates where its parameters do not lie in the space.
#[derive(Debug, Clone, PartialEq)]
struct Placed {
    number: u32,
    outcome: Outcome,
    coordinates: Option<Coordinates>,
}

impl Past {
    /// Adds trials of a study over that space, the same one at each call. A number has one trial: the first stays.
    pub fn add(&mut self, space: &Space, trials: &[Observed]) {
        let axes = Axis::all(space);
        let (reader, mut found) = (Reader::new(&axes), Vec::new());
        self.space = reader.space();
        self.trials.reserve_exact(trials.len());
        for trial in trials {
            let coordinates = trial.params.place(&reader, &mut found);
            self.trials.push(Placed { number: trial.number, outcome: trial.outcome, coordinates });
        }
        // Two sorted runs, of which the second mostly lies behind the first.
        self.trials.sort_by_key(|trial| trial.number);
        self.trials.dedup_by_key(|trial| trial.number);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.trials.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.trials.is_empty()
    }

    /// What became of each, by number.
    pub fn outcomes(&self) -> impl Iterator<Item = (u32, Outcome)> {
        self.trials.iter().map(|trial| (trial.number, trial.outcome))
    }

    /// The trials by number: as points of the reader's space, or `None` where they are none.
    pub(crate) fn seen(&self, reader: &Reader<'_>) -> impl Iterator<Item = (u32, Option<Seen>)> {
        let same = self.space == reader.space();
        self.trials.iter().map(move |trial| {
            let Placed { number, outcome, ref coordinates } = *trial;
            let coordinates = coordinates.as_ref().filter(|_| same).cloned();
            (number, coordinates.map(|coordinates| Seen { number, outcome, coordinates }))
        })
    }
}
