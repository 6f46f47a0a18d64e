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

/// Stores reports of a live attempt, each unless it is there already.
pub(crate) async fn record(
    db: &mut PgConnection,
    run: RunId,
    attempt: Attempt,
    metric: Metric,
    reports: &[&EpochReport],
) -> ApiResult<()> {
    let epochs: Vec<i32> = reports.iter().map(|report| report.epoch).collect();
    let values: Vec<f64> = reports.iter().map(|report| objective(metric, report)).collect();
    store(db, (run, attempt), metric.goal, (&epochs, &values), reports).await
}

/// Stores a report of a pretraining, unless it is there already.
pub(crate) async fn record_dapt(
    db: &mut PgConnection,
    run: RunId,
    attempt: Attempt,
    report: &DaptReport,
) -> ApiResult<()> {
    let value = report.held_out.pseudo_perplexity;
    store(db, (run, attempt), Goal::Minimize, (&[report.epoch], &[value]), &[report]).await
}

/// Stores metrics by their epochs, with the values that these reached.
async fn store(
    db: &mut PgConnection,
    (run, attempt): (RunId, Attempt),
    goal: Goal,
    (epochs, values): (&[i32], &[f64]),
    metrics: &[&(impl Serialize + Sync)],
) -> ApiResult<()> {
    if let Some(epoch) = epochs.iter().find(|epoch| **epoch < 1) {
        return Err(ApiError::invalid(format!("epoch {epoch}: epochs are counted from 1")));
    }
    let metrics: Vec<_> = metrics.iter().copied().map(Json).collect();
    // What the run shows of them is written by the same statement.
    let stored = sqlx::query_scalar!(
        r#"WITH fresh AS (
               INSERT INTO reports (run_id, attempt, epoch, metrics)
               SELECT $1, $2, epoch, metrics FROM unnest($3::integer[], $4::jsonb[]) AS report (epoch, metrics)
               ON CONFLICT DO NOTHING RETURNING epoch
           ), tally AS (
               SELECT count(DISTINCT epoch)::integer AS epochs, min(value) AS least, max(value) AS most
               FROM fresh JOIN unnest($3::integer[], $5::double precision[]) AS report (epoch, value) USING (epoch)
           )
           UPDATE runs SET epochs = runs.epochs + tally.epochs,
               best_so_far = CASE WHEN $6 THEN greatest(best_so_far, most) ELSE least(best_so_far, least) END
           FROM tally WHERE id = $1 AND tally.epochs > 0
           RETURNING tally.epochs AS "stored!""#,
        run.0,
        attempt.0,
        epochs,
        metrics as _,
        values,
        goal == Goal::Maximize,
    );
    let stored = stored.fetch_optional(db).await?.unwrap_or(0);
    counter!("pedigree_epoch_reports_stored_total").increment(stored.unsigned_abs().into());
    Ok(())
}

/// The value of a report under the study's metric.
pub(crate) fn objective(metric: Metric, report: &EpochReport) -> f64 {
    match metric.name {
        MetricName::DevF1 => report.dev.under(metric.protocol).f1,
    }
}
