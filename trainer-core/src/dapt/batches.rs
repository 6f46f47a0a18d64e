//! Which sequences each step of a phase trains on.
//!
//! Owns the order of a phase's epochs. Must not know masks or models.

use crate::corpus::batch::bucketed;
use crate::rng::Seeds;

/// The batches of a phase. Each epoch has an order of its own, which is drawn when its first batch is asked for.
pub(super) struct Batches {
    seeds: Seeds,
    /// Pieces of each sequence.
    lengths: Vec<usize>,
    batch_size: usize,
    drawn: Option<Epoch>,
}

struct Epoch {
    number: usize,
    batches: Vec<Vec<usize>>,
}

/// The sequences of one step.
pub(super) struct StepBatch<'a> {
    /// The epoch of the step, from 0.
    pub(super) epoch: usize,
    /// Indices of the sequences.
    pub(super) sequences: &'a [usize],
}

impl Batches {
    /// The batches of a phase with these seeds.
    pub(super) fn new(seeds: &Seeds, lengths: Vec<usize>, batch_size: usize) -> Self {
        Self { seeds: seeds.child("order"), lengths, batch_size, drawn: None }
    }

    /// The batch after `done` steps of the phase.
    pub(super) fn after(&mut self, done: usize) -> StepBatch<'_> {
        let per_epoch = self.lengths.len().div_ceil(self.batch_size);
        let (number, at) = (done / per_epoch, done % per_epoch);
        let drawn = self.drawn.take().filter(|epoch| epoch.number == number);
        let epoch = drawn.unwrap_or_else(|| self.draw(number));
        StepBatch { epoch: number, sequences: &self.drawn.insert(epoch).batches[at] }
    }

    fn draw(&self, number: usize) -> Epoch {
        let mut draws = self.seeds.nth(number).draws();
        Epoch { number, batches: bucketed(&self.lengths, self.batch_size, &mut draws) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_has_the_batch_that_its_epoch_draws_also_after_a_resumption() {
        let lengths: Vec<usize> = (0..23).map(|at| 3 + at * 7 % 11).collect();
        let seeds = Seeds::root(5);
        let mut in_turn = Batches::new(&seeds, lengths.clone(), 4);
        for done in 0..18 {
            let (epoch, at) = (done / 6, done % 6);
            let fresh = bucketed(&lengths, 4, &mut seeds.child("order").nth(epoch).draws());
            let batch = in_turn.after(done);
            assert_eq!((batch.epoch, batch.sequences), (epoch, fresh[at].as_slice()));
            assert_eq!(Batches::new(&seeds, lengths.clone(), 4).after(done).sequences, fresh[at]);
        }
    }
}
