//! What happens in a simulation: how long each training takes, how good it becomes, and who dies when.
//!
//! Everything follows from the grid's seed and from what a run is, so that another schedule meets the same trainings. Must not know of
//! devices or of the coordinator.

use std::collections::HashMap;

use pedigree_protocol::grid::{GridCell, GridSpec};
use pedigree_protocol::lease::{LeaseGrant, Work};
use sha2::{Digest as _, Sha256};

use super::curves::Curve;

/// Runs in which [`FATES`] first attempts die.
const BLOCK: u64 = 150;
const FATES: [Fate; 4] = [Fate::Crash, Fate::Crash, Fate::Vanish, Fate::Lost];
/// Milliseconds that a test run takes.
const TEST: u64 = 20_000;

/// How an attempt dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// The trainer crashes; the worker says so.
    Crash,
    /// The worker vanishes, and another one comes up on its device later.
    Vanish,
    /// The worker vanishes with its device.
    Lost,
}

/// What a granted run does.
#[derive(Debug, Clone)]
pub(super) struct Play {
    /// Absent for a test run, which trains nothing.
    pub(super) curve: Option<Curve>,
    /// Virtual milliseconds of each step: an epoch, or a whole test run.
    pub(super) step: u64,
    /// Test F1.
    pub(super) test: f64,
}

impl Play {
    /// Number of steps.
    pub(super) fn steps(&self) -> u64 {
        self.curve.as_ref().map_or(1, |curve| curve.scores.len() as u64)
    }

    /// Virtual milliseconds of the whole run.
    pub(super) fn length(&self) -> u64 {
        self.steps() * self.step
    }
}

/// The script of one simulation.
#[derive(Debug)]
pub(super) struct Script {
    seed: String,
    cells: HashMap<String, GridCell>,
    crashes: bool,
    vanishes: bool,
    block: u64,
}

impl Script {
    pub(super) fn new(spec: &GridSpec) -> Self {
        let counts = spec.counts();
        let study = &spec.study;
        // A run that may not be tried again would change the counts.
        let enough = study.study_retries.is_none_or(|retries| u64::from(retries) >= BLOCK);
        Self {
            seed: spec.seed.to_string(),
            cells: spec.cells().into_iter().map(|cell| (cell.study.clone(), cell)).collect(),
            crashes: study.retries > 0 && enough,
            vanishes: study.lost_retries > 1,
            block: BLOCK.min(counts.trials + counts.finals),
        }
    }

    /// A number from 0 to 1 that follows from the seed and these names.
    pub(super) fn draw(&self, names: &[&str]) -> f64 {
        let mut hash = Sha256::new();
        for name in std::iter::once(&self.seed.as_str()).chain(names) {
            hash.update(name.as_bytes());
            hash.update([0]);
        }
        let [a, b, c, d, ..] = <[u8; 32]>::from(hash.finalize());
        f64::from(u32::from_le_bytes([a, b, c, d])) / (f64::from(u32::MAX) + 1.0)
    }

    /// A whole number below `end`.
    pub(super) fn below(&self, end: u64, names: &[&str]) -> u64 {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "counts far below 2^53"
        )]
        let drawn = (self.draw(names) * end as f64) as u64;
        drawn
    }

    /// How the `ordinal`-th first attempt dies, if it does, counted from 0.
    pub(super) fn fate(&self, ordinal: u64) -> Option<Fate> {
        let (block, place) = (ordinal / self.block, ordinal % self.block);
        let mut taken = Vec::new();
        for (index, fate) in FATES.into_iter().enumerate().take(usize::try_from(self.block).unwrap_or(4)) {
            let mut at = self.below(self.block, &["fate", &block.to_string(), &index.to_string()]);
            while taken.contains(&at) {
                at = (at + 1) % self.block;
            }
            taken.push(at);
            let may = if fate == Fate::Crash { self.crashes } else { self.vanishes };
            if at == place && may {
                return Some(fate);
            }
        }
        None
    }

    /// What a granted run does.
    pub(super) fn play(&self, grant: &LeaseGrant) -> Play {
        let cell = self.cells.get(&grant.queue_name);
        let (dataset, backbone) =
            cell.map_or(("", ""), |cell| (cell.dataset.as_str(), cell.backbone.as_str()));
        let highest = 0.70
            + 0.20 * self.draw(&["highest", dataset])
            + 0.03 * self.draw(&["highest", dataset, backbone]);
        if matches!(grant.work, Work::Test { .. }) {
            return Play { curve: None, step: TEST, test: highest - 0.01 };
        }
        let job = grant.work.job();
        let number = |name: &str| job.params.get(name).and_then(pedigree_protocol::Scalar::as_f64);
        let count = |name: &str, otherwise: u32| {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of epochs")]
            number(name).map_or(otherwise, |value| value as u32)
        };
        let run = job.seed.to_string();
        let rate = number("learning_rate").unwrap_or(1e-4).max(1e-9).log10();
        let wanted = -5.0 + 2.0 * self.draw(&["learning_rate", dataset, backbone]);
        let luck = 0.98 + 0.02 * self.draw(&["luck", &grant.queue_name, &run]);
        let reached = highest * luck * (-0.1 * (rate - wanted).powi(2)).exp();
        let curve = Curve::new(
            self.draw(&["curve", &grant.queue_name, &run]),
            reached,
            count("max_epochs", 20),
            count("patience", 3),
        );
        Play { curve: Some(curve), step: self.epoch(dataset, backbone, &run), test: 0.0 }
    }

    /// Virtual milliseconds of an epoch: datasets differ most, then backbones.
    fn epoch(&self, dataset: &str, backbone: &str, run: &str) -> u64 {
        let seconds = 6.0 * 10f64.powf(self.draw(&["epoch", dataset]));
        let backbone = 0.7 + 0.6 * self.draw(&["epoch of", backbone]);
        let run = 0.9 + 0.2 * self.draw(&["epoch in", dataset, run]);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some seconds")]
        let ms = (1000.0 * seconds * backbone * run) as u64;
        ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(seed: u64, block: u64) -> Script {
        Script { seed: seed.to_string(), cells: HashMap::new(), crashes: true, vanishes: true, block }
    }

    #[test]
    fn every_block_of_runs_has_each_death_as_often_as_the_table_says() {
        for (seed, block) in [(1, 6), (2, 6), (3, BLOCK)] {
            let script = script(seed, block);
            for start in [0, block] {
                let fates: Vec<Fate> = (start..start + block).filter_map(|at| script.fate(at)).collect();
                let count = |fate| fates.iter().filter(|other| **other == fate).count();
                assert_eq!([Fate::Crash, Fate::Vanish, Fate::Lost].map(count), [2, 1, 1], "{seed} {block}");
            }
        }
    }

    #[test]
    fn what_must_not_be_tried_again_does_not_die() {
        let script = Script { crashes: false, vanishes: false, ..script(1, 6) };
        assert!((0..12).all(|ordinal| script.fate(ordinal).is_none()));
    }

    #[test]
    fn another_seed_draws_otherwise() {
        assert!((script(1, 6).draw(&["a"]) - script(1, 6).draw(&["a"])).abs() < 1e-12);
        assert!((script(1, 6).draw(&["a"]) - script(2, 6).draw(&["a"])).abs() > 1e-12);
    }
}
