//! All trials of a study, as moving it on reads them: trials that have ended for good as points of the space, all others
//! whole.
//!
//! Must not know which of them are cached, nor what follows from them.

use std::sync::Arc;

use pedigree_protocol::run::RunState;
use pedigree_sampler::{History, Outcome, Past};

use crate::run::trial::Trial;

/// All trials of a study. Each is in one of the two fields.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Trials {
    /// Completed and pruned ones.
    pub(crate) past: Arc<Past>,
    /// By number; of any state.
    pub(crate) others: Vec<Trial>,
}

impl Trials {
    /// How many there are: the number of the newest one.
    pub(crate) fn len(&self) -> usize {
        self.past.len() + self.others.len()
    }

    /// How many have ended, in any way.
    pub(crate) fn ended(&self) -> usize {
        self.past.len() + self.others.iter().filter(|trial| trial.state.is_final()).count()
    }

    /// The message of a failure that every further trial would repeat.
    pub(crate) fn fatal(&self) -> Option<&str> {
        let mut failures = self.others.iter().filter_map(|trial| trial.failure.as_ref()).peekable();
        failures.peek()?;
        let completed = self.completed().next().is_some();
        failures.find(|f| f.cause.ends_study(completed)).map(|failure| failure.message.as_str())
    }

    /// As the sampler sees them.
    pub(crate) fn into_history(self) -> History {
        History::after(self.past, self.others.iter().filter_map(Trial::observed).collect())
    }

    /// Numbers and values.
    fn completed(&self) -> impl Iterator<Item = (u32, f64)> {
        let past = self.past.outcomes().filter_map(|(number, outcome)| match outcome {
            Outcome::Completed(value) => Some((number, value)),
            _ => None,
        });
        let others = self.others.iter().filter(|trial| trial.state == RunState::Completed);
        past.chain(others.filter_map(|trial| Some((trial.number, trial.value?))))
    }
}

#[cfg(test)]
mod tests {
    use pedigree_protocol::run::{Failure, FailureCause};
    use pedigree_protocol::{ParamValues, Space};

    use super::*;

    fn trial(number: u32, value: Option<f64>) -> Trial {
        let state = if value.is_some() { RunState::Completed } else { RunState::Running };
        Trial { state, value, ..Trial::proposed(number, ParamValues::new()) }
    }

    /// The first so many of them in the past.
    fn trials(of: &[Trial], past: usize) -> Trials {
        let mut settled = Past::default();
        let observed: Vec<_> = of[..past].iter().filter_map(Trial::observed).collect();
        settled.add(&Space::new(vec![]).unwrap(), &observed);
        Trials { past: Arc::new(settled), others: of[past..].to_vec() }
    }

    #[test]
    fn a_failure_that_all_trials_would_share_is_told_from_one_that_others_escaped() {
        let failure = |cause| Failure { cause, message: "why".into(), evidence: None };
        let failed = |cause| Trial {
            state: RunState::Failed,
            failure: Some(failure(cause)),
            ..Trial::proposed(2, ParamValues::new())
        };
        for cause in FailureCause::ALL {
            for completed in [None, Some(0.5)] {
                let all = [trial(1, completed), failed(cause)];
                let ends = cause.ends_study(completed.is_some());
                assert_eq!(trials(&all, 0).fatal().is_some(), ends, "{cause:?}, {completed:?}");
                if completed.is_some() {
                    assert_eq!(trials(&all, 1).fatal().is_some(), ends, "{cause:?}, in the past");
                }
            }
        }
    }
}
