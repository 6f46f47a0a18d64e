//! Whether a failed run is tried again: the policy of its cause, within the budgets of its entry of the queue.
//!
//! [`decide`] is pure and owns the sentence that people read. Must not know how a failure was recognised.

use std::time::Duration;

use pedigree_protocol::retry::Policy;
use pedigree_protocol::run::FailureCause;
use sqlx::PgConnection;

use crate::error::ApiResult;
use crate::lease::held::Held;

/// The pause after the first crash; each further one is [`GROWTH`] times as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const GROWTH: u32 = 4;
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// The retries that a run and its study have spent, and may spend. The present failure is not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Budget {
    /// Failures of the run.
    pub(crate) failures: u32,
    /// Lost attempts of the run.
    pub(crate) losses: u32,
    /// Failures that were tried again in all runs of the study.
    pub(crate) in_study: u32,
    /// Limits: failures and losses of the run, failures of all runs of the study.
    pub(crate) run_limit: u32,
    pub(crate) lost_limit: u32,
    pub(crate) study_limit: u32,
}

/// What follows a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decision {
    /// Another attempt follows.
    pub(crate) retry: bool,
    /// How long it waits.
    pub(crate) pause: Duration,
    /// The same, for people.
    pub(crate) sentence: String,
}

/// What follows a failure of this cause.
pub(crate) fn decide(cause: FailureCause, budget: &Budget) -> Decision {
    match cause.policy() {
        Policy::Result => refused("it is this configuration's result, and the sampler learns from it"),
        Policy::EndStudy => refused("every trial of the study would fail alike"),
        Policy::Anywhere if cause == FailureCause::Lost && budget.losses >= budget.lost_limit => refused(
            &format!("the run was lost {} times; it may crash the hosts that train it", budget.losses + 1),
        ),
        Policy::Anywhere if cause == FailureCause::Lost => {
            again(Duration::ZERO, &format!("loss {} of at most {}", budget.losses + 1, budget.lost_limit))
        }
        Policy::AfterPause | Policy::Elsewhere | Policy::Anywhere if budget.failures >= budget.run_limit => {
            refused(&format!("the {} retries of the run are spent", budget.run_limit))
        }
        Policy::AfterPause | Policy::Elsewhere | Policy::Anywhere
            if budget.in_study >= budget.study_limit =>
        {
            refused(&format!("the {} retries of the study are spent", budget.study_limit))
        }
        Policy::AnotherHost => again(Duration::ZERO, "its host is at fault, which costs the run nothing"),
        Policy::AfterPause => again(pause(budget.failures), &count(budget)),
        Policy::Anywhere => again(Duration::ZERO, &format!("{}, from where it was left", count(budget))),
        Policy::Elsewhere => again(Duration::ZERO, &format!("{}, on another device", count(budget))),
    }
}

/// No other attempt follows.
pub(crate) fn refused(why: &str) -> Decision {
    Decision { retry: false, pause: Duration::ZERO, sentence: format!("not tried again: {why}") }
}

fn again(pause: Duration, what: &str) -> Decision {
    let after = if pause.is_zero() { String::new() } else { format!(" after {} s", pause.as_secs()) };
    Decision { retry: true, pause, sentence: format!("tried again{after}: {what}") }
}

fn count(budget: &Budget) -> String {
    format!("retry {} of {}", budget.failures + 1, budget.run_limit)
}

/// The pause after the failure that follows `failures` others.
fn pause(failures: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(GROWTH.saturating_pow(failures)).min(LONGEST_PAUSE)
}

/// The budget of the held run. Other runs of the study may fail at the same time, and overdraw the study's limit by as
/// many.
pub(crate) async fn budget(db: &mut PgConnection, held: &Held) -> ApiResult<Budget> {
    let select = sqlx::query!(
        r#"SELECT q.retries, q.lost_retries, q.total_retries,
               (SELECT coalesce(sum(r.crashes) - count(*) FILTER (WHERE r.state = 'failed' AND r.crashes > 0), 0)
                FROM runs r WHERE r.queue_id = q.id) AS "in_study!"
           FROM queue q WHERE q.id = $1"#,
        held.queue.0
    );
    let row = select.fetch_one(db).await?;
    Ok(Budget {
        failures: held.crashes.unsigned_abs(),
        losses: held.losses.unsigned_abs(),
        in_study: u32::try_from(row.in_study).unwrap_or(u32::MAX),
        run_limit: row.retries.unsigned_abs(),
        lost_limit: row.lost_retries.unsigned_abs(),
        study_limit: row.total_retries.unsigned_abs(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRESH: Budget =
        Budget { failures: 0, losses: 0, in_study: 0, run_limit: 2, lost_limit: 20, study_limit: 10 };

    fn sentence(cause: FailureCause, budget: Budget) -> String {
        decide(cause, &budget).sentence
    }

    #[test]
    fn each_cause_has_its_consequence() {
        let result = "not tried again: it is this configuration's result, and the sampler learns from it";
        let expected = [
            (FailureCause::Oom, result),
            (FailureCause::Diverged, result),
            (FailureCause::InvalidInput, "not tried again: every trial of the study would fail alike"),
            (FailureCause::Crashed, "tried again after 1 s: retry 1 of 2"),
            (FailureCause::Lost, "tried again: loss 1 of at most 20"),
            (FailureCause::Device, "tried again: retry 1 of 2, on another device"),
            (FailureCause::InvalidJob, result),
            (FailureCause::Timeout, "tried again: retry 1 of 2, from where it was left"),
            (FailureCause::Host, "tried again: its host is at fault, which costs the run nothing"),
        ];
        assert_eq!(expected.map(|(cause, _)| cause), FailureCause::ALL);
        for (cause, expected) in expected {
            assert_eq!(sentence(cause, FRESH), expected, "{cause:?}");
        }
    }

    #[test]
    fn a_fault_of_the_host_is_tried_again_whatever_is_spent() {
        let spent = Budget { failures: 2, losses: 20, in_study: 10, ..FRESH };
        assert!(decide(FailureCause::Host, &spent).retry);
    }

    #[test]
    fn budgets_end_retries_and_each_says_which() {
        let spent = Budget { failures: 2, ..FRESH };
        assert_eq!(
            sentence(FailureCause::Crashed, spent),
            "not tried again: the 2 retries of the run are spent"
        );
        assert!(!decide(FailureCause::Device, &spent).retry);
        assert!(decide(FailureCause::Lost, &spent).retry, "losses are counted apart");
        let study = Budget { in_study: 10, ..FRESH };
        assert_eq!(
            sentence(FailureCause::Crashed, study),
            "not tried again: the 10 retries of the study are spent"
        );
        let lost = Budget { losses: 20, ..FRESH };
        assert!(sentence(FailureCause::Lost, lost).starts_with("not tried again: the run was lost 21 times"));
    }

    #[test]
    fn the_pause_grows_to_a_limit() {
        let seconds: Vec<u64> = (0..7).map(|failures| pause(failures).as_secs()).collect();
        assert_eq!(seconds, [1, 4, 16, 64, 256, 300, 300]);
        assert_eq!(pause(u32::MAX), LONGEST_PAUSE);
    }
}
