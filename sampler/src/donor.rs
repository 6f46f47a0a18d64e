//! Finished sibling studies that a search may learn from, and how much each of them counts.
//!
//! Owns the weights and the good trials. Must not know how a weight is found (`transfer`), nor where studies are kept.

use crate::trial::{Observed, Seen};

/// The share of a donor's trials that are good.
const GOOD: f64 = 0.15;

/// A finished sibling study.
#[derive(Debug, Clone, PartialEq)]
pub struct Donor {
    /// Its name.
    pub study: String,
    /// Its trials.
    pub trials: Vec<Observed>,
}

/// A donor's completed trials as points of the asking study's space, the best first; there is at least one.
#[derive(Debug)]
pub(crate) struct RankedDonor {
    pub(crate) study: String,
    pub(crate) trials: Vec<Seen>,
    /// From 0 to 1: how well the donor ranks this study's trials. 0 is no better than chance.
    pub(crate) weight: f64,
}

impl RankedDonor {
    /// Its best trials.
    pub(crate) fn good(&self) -> &[Seen] {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at most the number of trials"
        )]
        let count = (GOOD * self.trials.len() as f64).ceil() as usize;
        &self.trials[..count.clamp(1, self.trials.len())]
    }
}

/// The donors of one suggestion. Empty where the study has no donors, or has enough trials of its own.
#[derive(Debug, Default)]
pub(crate) struct Donors(pub(crate) Vec<RankedDonor>);

/// A donor and its share of the influence.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DonorShare<'a> {
    pub(crate) donor: &'a RankedDonor,
    pub(crate) share: f64,
}

/// A donor's good trial and its share of the influence.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LentTrial<'a> {
    pub(crate) trial: &'a Seen,
    pub(crate) share: f64,
}

impl Donors {
    /// Whether one of these trials has a donor's configuration. Such a trial takes no place in the sampler's own design.
    pub(crate) fn has_given<'a>(&self, mut trials: impl Iterator<Item = &'a Seen>) -> bool {
        trials.any(|seen| {
            self.0.iter().any(|donor| donor.trials.iter().any(|trial| trial.coordinates == seen.coordinates))
        })
    }

    /// The donors with their shares. All together they count as much as the heaviest one; each share is proportional to
    /// the weight.
    pub(crate) fn shares(&self) -> impl Iterator<Item = DonorShare<'_>> {
        let most = self.0.iter().map(|donor| donor.weight).fold(0.0, f64::max);
        let total: f64 = self.0.iter().map(|donor| donor.weight).sum();
        let share = move |donor: &RankedDonor| if total > 0.0 { donor.weight / total * most } else { 0.0 };
        self.0.iter().map(move |donor| DonorShare { donor, share: share(donor) })
    }

    /// The donors' good trials; their shares need not sum to 1.
    pub(crate) fn lent(&self) -> impl Iterator<Item = LentTrial<'_>> {
        self.shares().filter(|lender| lender.share > 0.0).flat_map(|DonorShare { donor, share }| {
            let good = donor.good();
            good.iter().map(move |trial| LentTrial { trial, share: share / good.len() as f64 })
        })
    }
}
