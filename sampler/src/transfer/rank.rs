//! How much each donor counts for one question.

use super::similarity::{self, Agreement};
use crate::donor::{Donor, Donors, RankedDonor};
use crate::history::History;
use crate::sampler::Ask;
use crate::trial::{Outcome, Seen};

/// From this many finished trials on, donors are not asked.
pub const ASKED_UNTIL: usize = 16;
/// A donor's agreement counts only where it exceeds chance by this many standard deviations.
const DEVIATIONS: f64 = 1.5;

/// The donors that have a completed trial in the space, with their weights.
pub(crate) fn rank(donors: &[Donor], ask: &Ask<'_>) -> Donors {
    if donors.is_empty() || ask.view.finished() >= ASKED_UNTIL {
        return Donors::default();
    }
    Donors(donors.iter().filter_map(|donor| ranked(donor, ask)).collect())
}

/// `None` where no completed trial of the donor lies in the space.
fn ranked(donor: &Donor, ask: &Ask<'_>) -> Option<RankedDonor> {
    let view = History::new(donor.trials.clone()).view(&ask.axes, 0);
    let completed = |trial: &&Seen| matches!(trial.outcome, Outcome::Completed(v) if !v.is_nan());
    let mut trials: Vec<Seen> = view.trials().filter(completed).cloned().collect();
    trials.sort_by(|a, b| similarity::compare(a, b, ask.goal).then(a.number.cmp(&b.number)));
    let Agreement { tau, chance } = similarity::agreement(ask, &trials);
    let weight = (tau - DEVIATIONS * chance).max(0.0);
    (!trials.is_empty()).then(|| RankedDonor { study: donor.study.clone(), trials, weight })
}
