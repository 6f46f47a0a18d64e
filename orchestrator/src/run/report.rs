//! Epoch reports: each counts once, by (run, attempt, epoch).

use metrics::counter;
use pedigree_protocol::dapt::DaptReport;
use pedigree_protocol::objective::{Goal, Metric, MetricName};
use pedigree_protocol::report::EpochReport;
use pedigree_protocol::{Attempt, RunId};
use serde::Serialize;
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::error::{ApiError, ApiResult};

/// What reports add to what their run shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Tally {
    pub(crate) epochs: i32,
    /// The best value under the study's metric.
    pub(crate) best: Option<f64>,
}

impl Tally {
    pub(crate) const NONE: Self = Self { epochs: 0, best: None };

    /// Both together.
    pub(crate) fn and(self, other: Self, goal: Goal) -> Self {
        let better = if goal == Goal::Maximize { f64::max } else { f64::min };
        let best = match (self.best, other.best) {
            (Some(one), Some(other)) => Some(better(one, other)),
            (one, other) => one.or(other),
        };
        Self { epochs: self.epochs + other.epochs, best }
    }
}

/// Who writes onto the run what its reports add.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    ByTheReport,
    /// The run's end, which comes along: one write of the run instead of two.
    ByTheEnd,
}

/// Stores reports of a live attempt, each unless it is there already; what they add.
pub(crate) async fn record(
    db: &mut PgConnection,
    (run, attempt): (RunId, Attempt),
    metric: Metric,
    reports: &[&EpochReport],
    shown: Shown,
) -> ApiResult<Tally> {
    let epochs: Vec<i32> = reports.iter().map(|report| report.epoch).collect();
    let values: Vec<f64> = reports.iter().map(|report| objective(metric, report)).collect();
    store(db, (run, attempt), (metric.goal, shown), (&epochs, &values), reports).await
}

/// Stores a report of a pretraining, unless it is there already.
pub(crate) async fn record_dapt(
    db: &mut PgConnection,
    run: RunId,
    attempt: Attempt,
    report: &DaptReport,
) -> ApiResult<()> {
    let (value, how) = (report.held_out.pseudo_perplexity, (Goal::Minimize, Shown::ByTheReport));
    store(db, (run, attempt), how, (&[report.epoch], &[value]), &[report]).await?;
    Ok(())
}

/// Stores metrics by their epochs, with the values that these reached.
async fn store(
    db: &mut PgConnection,
    (run, attempt): (RunId, Attempt),
    (goal, shown): (Goal, Shown),
    (epochs, values): (&[i32], &[f64]),
    metrics: &[&(impl Serialize + Sync)],
) -> ApiResult<Tally> {
    if let Some(epoch) = epochs.iter().find(|epoch| **epoch < 1) {
        return Err(ApiError::invalid(format!("epoch {epoch}: epochs are counted from 1")));
    }
    let metrics: Vec<_> = metrics.iter().copied().map(Json).collect();
    let tally = sqlx::query_as!(
        Tally,
        r#"WITH fresh AS (
               INSERT INTO reports (run_id, attempt, epoch, metrics)
               SELECT $1, $2, epoch, metrics FROM unnest($3::integer[], $4::jsonb[]) AS report (epoch, metrics)
               ON CONFLICT DO NOTHING RETURNING epoch
           ), tally AS (
               SELECT count(DISTINCT epoch)::integer AS epochs,
                   CASE WHEN $6 THEN max(value) ELSE min(value) END AS best
               FROM fresh JOIN unnest($3::integer[], $5::double precision[]) AS report (epoch, value) USING (epoch)
           ), shown AS (
               UPDATE runs SET epochs = runs.epochs + tally.epochs,
                   best_so_far = CASE WHEN $6 THEN greatest(best_so_far, best) ELSE least(best_so_far, best) END
               FROM tally WHERE id = $1 AND tally.epochs > 0 AND $7
           )
           SELECT epochs AS "epochs!", best FROM tally"#,
        run.0,
        attempt.0,
        epochs,
        metrics as _,
        values,
        goal == Goal::Maximize,
        shown == Shown::ByTheReport,
    );
    let tally = tally.fetch_one(db).await?;
    counter!("pedigree_epoch_reports_stored_total").increment(tally.epochs.unsigned_abs().into());
    Ok(tally)
}

/// The value of a report under the study's metric.
pub(crate) fn objective(metric: Metric, report: &EpochReport) -> f64 {
    match metric.name {
        MetricName::DevF1 => report.dev.under(metric.protocol).f1,
    }
}
