//! How well masked pieces of held-out text are predicted, always under the same masks.

use super::masks::{Masked, Vocabulary};
use super::sequences::Sequences;
use crate::corpus::batch::sorted;
use crate::loss::smoothed;
use crate::model::MaskedLm;
use crate::rng::Seeds;
use crate::step::{Batch, Example};
use crate::{HeldOutScores, Interrupted, Supervisor, TrainError};

/// Sequences at once.
const BATCH: usize = 32;
/// Masks do not depend on the job's seed, so that jobs can be compared.
const SEED: u64 = 15;

/// Held-out text with its masks.
pub(super) struct HeldOut {
    batches: Vec<Vec<Masked>>,
    pieces: usize,
    characters: usize,
}

impl HeldOut {
    pub(super) fn new(sequences: &Sequences, share: f64, vocabulary: &Vocabulary) -> Self {
        let seeds = Seeds::root(SEED).child("held-out masks");
        let mask = |at: usize| Masked::new(&sequences.ids[at], share, vocabulary, &mut seeds.nth(at).draws());
        let batches = sorted(&sequences.lengths(), BATCH);
        Self {
            batches: batches.into_iter().map(|batch| batch.into_iter().map(mask).collect()).collect(),
            // Without the two special pieces that frame each sequence: they are not text.
            pieces: sequences.pieces() - 2 * sequences.ids.len(),
            characters: sequences.characters,
        }
    }

    /// Measures the model as it is.
    ///
    /// # Errors
    /// The supervisor asked the pretraining to stop.
    pub(super) fn measure(
        &self,
        model: &MaskedLm,
        supervisor: &dyn Supervisor,
    ) -> Result<HeldOutScores, TrainError> {
        let (mut loss, mut right, mut masked) = (0.0, 0usize, 0usize);
        for sequences in &self.batches {
            if supervisor.interrupted() {
                return Err(Interrupted.into());
            }
            let examples: Vec<Example<'_>> = sequences.iter().map(Masked::example).collect();
            let batch = Batch::new(&examples, model.compute())?;
            let count = batch.targets();
            if count == 0 {
                continue;
            }
            let logits = model.logits(&batch.packed, &batch.rows, None)?.detach();
            let mean = smoothed(&logits, &batch.classes, 0.0)?.to_scalar::<f32>()?;
            let predicted: Vec<u32> = logits.argmax(1)?.to_vec1()?;
            let wanted: Vec<u32> = batch.classes.to_vec1()?;
            loss += f64::from(mean) * count as f64;
            right += predicted.iter().zip(&wanted).filter(|(a, b)| a == b).count();
            masked += count;
        }
        let mean = loss / masked.max(1) as f64;
        let pieces_per_character = self.pieces as f64 / self.characters.max(1) as f64;
        Ok(HeldOutScores {
            pseudo_perplexity: mean.exp(),
            bits_per_character: mean / std::f64::consts::LN_2 * pieces_per_character,
            masked_accuracy: right as f64 / masked.max(1) as f64,
            masked,
        })
    }
}
