//! The runs of a study as proposing and finishing read them.

use pedigree_protocol::objective::Metric;
use pedigree_protocol::report::EpochReport;
use pedigree_protocol::retry::Policy;
use pedigree_protocol::run::{Failure, FailureCause, RunState};
use pedigree_protocol::{ParamValues, StudyId};
use pedigree_sampler::{Observed, Outcome, Tried};
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::error::{ApiError, ApiResult};
use crate::run::report::objective;

/// A trial, as proposing and finishing read it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Trial {
    pub(crate) number: u32,
    pub(crate) state: RunState,
    pub(crate) params: Tried,
    pub(crate) value: Option<f64>,
    /// The last report of a pruned trial: its epoch and value.
    pub(crate) last_report: Option<(i32, f64)>,
    pub(crate) failure: Option<Failure>,
}

impl Trial {
    /// A trial that was proposed just now.
    #[cfg(test)]
    pub(crate) fn proposed(number: u32, params: ParamValues) -> Self {
        Self {
            number,
            state: RunState::Waiting,
            params: params.into(),
            value: None,
            last_report: None,
            failure: None,
        }
    }

    /// As the sampler sees it. One whose failure is no result says nothing about its parameters and is left out.
    pub(crate) fn observed(&self) -> Option<Observed> {
        let outcome = match (self.state, &self.failure) {
            (RunState::Waiting | RunState::Leased | RunState::Running, _) => Outcome::Pending,
            (RunState::Completed, _) => Outcome::Completed(self.value?),
            (RunState::Pruned, _) => {
                let (step, value) = self.last_report.map_or((0, None), |(step, value)| (step, Some(value)));
                Outcome::Pruned { step: step.unsigned_abs(), value }
            }
            (RunState::Failed, Some(failure)) if failure.cause.policy() == Policy::Result => {
                Outcome::Infeasible { violation: 1.0 }
            }
            (RunState::Failed | RunState::Cancelled, _) => return None,
        };
        Some(Observed { number: self.number, params: self.params.clone(), outcome })
    }

    /// As the sampler saw it while it was open, should its outcome say nothing.
    pub(crate) fn observed_or_pending(&self) -> Observed {
        let open =
            || Observed { number: self.number, params: self.params.clone(), outcome: Outcome::Pending };
        self.observed().unwrap_or_else(open)
    }
}

/// Some trials of a study: those listed, and those behind a number. The default is all.
#[derive(Debug, Clone, Default)]
pub(crate) struct Which {
    pub(crate) numbers: Vec<i32>,
    pub(crate) behind: i32,
}

/// All trials of a study, by number.
pub(crate) async fn all(db: &mut PgConnection, study: StudyId, metric: Metric) -> ApiResult<Vec<Trial>> {
    some(db, study, metric, &Which::default()).await
}

/// Some trials of a study, by number.
pub(crate) async fn some(
    db: &mut PgConnection,
    study: StudyId,
    metric: Metric,
    which: &Which,
) -> ApiResult<Vec<Trial>> {
    // Two index scans: an OR of the two conditions would read the study's whole past.
    let select = sqlx::query!(
        r#"SELECT number AS "number!", state AS "state!: RunState", params AS "params!: Json<ParamValues>",
               value, failure_cause AS "failure_cause: FailureCause", failure_message,
               failure_evidence,
               CASE WHEN state = 'pruned' THEN (
                   SELECT p.metrics FROM reports p
                   WHERE p.run_id = runs.id AND p.attempt = runs.attempt ORDER BY p.epoch DESC LIMIT 1
               ) END AS "last_report: Json<EpochReport>"
           FROM (
               SELECT * FROM runs WHERE queue_id = $1 AND kind = 'trial' AND number = ANY ($2)
               UNION ALL
               SELECT * FROM runs WHERE queue_id = $1 AND kind = 'trial' AND number > $3
           ) AS runs ORDER BY number"#,
        study.0,
        &which.numbers,
        which.behind,
    );
    let rows = select.fetch_all(db).await?;
    let trials = rows.into_iter().map(|row| {
        let number = u32::try_from(row.number).map_err(|error| ApiError::Broken(error.to_string()))?;
        Ok(Trial {
            number,
            state: row.state,
            params: row.params.0.into(),
            value: row.value,
            last_report: row.last_report.map(|report| (report.0.epoch, objective(metric, &report.0))),
            failure: failure(row.failure_cause, row.failure_message, row.failure_evidence),
        })
    });
    trials.collect()
}

/// A failure out of its three columns.
pub(crate) fn failure(
    cause: Option<FailureCause>,
    message: Option<String>,
    evidence: Option<String>,
) -> Option<Failure> {
    let cause = cause?;
    Some(Failure { cause, message: message.unwrap_or_default(), evidence })
}
