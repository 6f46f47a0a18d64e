//! What follows a failed attempt: one policy per cause.
//!
//! Owns the table. The coordinator counts the retries (`run::retry`); the worker recognises the cause (`exit`).

use crate::run::FailureCause;

/// What follows an attempt that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// Not again: it is the configuration's result, and the sampler learns from it.
    Result,
    /// Not again, and the study ends with this one message: every trial would fail alike.
    EndStudy,
    /// Again, after a pause that grows with every failure.
    AfterPause,
    /// Again at once, on another device; one that fails again and again is taken out of use.
    Elsewhere,
    /// Again at once, anywhere, from where it was left.
    Anywhere,
    /// Again at once, and no retry is spent: the run is not to blame. The worker takes nothing for a while.
    AnotherHost,
}

impl FailureCause {
    /// What follows an attempt that failed by this cause.
    pub const fn policy(self) -> Policy {
        match self {
            Self::Oom | Self::Diverged | Self::InvalidJob => Policy::Result,
            Self::InvalidInput => Policy::EndStudy,
            Self::Crashed => Policy::AfterPause,
            Self::Device => Policy::Elsewhere,
            Self::Lost | Self::Timeout => Policy::Anywhere,
            Self::Host => Policy::AnotherHost,
        }
    }

    /// Whether another attempt can succeed where this one failed.
    pub const fn is_retryable(self) -> bool {
        match self.policy() {
            Policy::AfterPause | Policy::Elsewhere | Policy::Anywhere | Policy::AnotherHost => true,
            Policy::Result | Policy::EndStudy => false,
        }
    }

    /// Whether one trial that failed so ends its study. A job that the trainer refuses does until a trial has
    /// completed: from then on it is known that not every configuration is refused.
    pub const fn ends_study(self, a_trial_completed: bool) -> bool {
        match self {
            Self::InvalidInput => true,
            Self::InvalidJob => !a_trial_completed,
            Self::Oom
            | Self::Diverged
            | Self::Crashed
            | Self::Device
            | Self::Lost
            | Self::Timeout
            | Self::Host => false,
        }
    }

    /// The name in tables and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Oom => "oom",
            Self::Diverged => "diverged",
            Self::InvalidInput => "invalid_input",
            Self::Crashed => "crashed",
            Self::Lost => "lost",
            Self::Device => "device",
            Self::InvalidJob => "invalid_job",
            Self::Timeout => "timeout",
            Self::Host => "host",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_has_one_policy() {
        let table: Vec<_> = FailureCause::ALL.iter().map(|cause| (cause.as_str(), cause.policy())).collect();
        let expected = [
            ("oom", Policy::Result),
            ("diverged", Policy::Result),
            ("invalid_input", Policy::EndStudy),
            ("crashed", Policy::AfterPause),
            ("lost", Policy::Anywhere),
            ("device", Policy::Elsewhere),
            ("invalid_job", Policy::Result),
            ("timeout", Policy::Anywhere),
            ("host", Policy::AnotherHost),
        ];
        assert_eq!(table, expected);
        for cause in FailureCause::ALL {
            let name = serde_json::to_value(cause).unwrap();
            assert_eq!(name.as_str(), Some(cause.as_str()));
        }
    }

    #[test]
    fn a_refused_job_ends_the_study_until_a_trial_has_completed() {
        let ending =
            |completed| FailureCause::ALL.iter().copied().filter(move |cause| cause.ends_study(completed));
        assert_eq!(ending(false).collect::<Vec<_>>(), [FailureCause::InvalidInput, FailureCause::InvalidJob]);
        assert_eq!(ending(true).collect::<Vec<_>>(), [FailureCause::InvalidInput]);
    }
}
