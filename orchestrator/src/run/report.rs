//! Epoch reports: each counts once, by (run, attempt, epoch).

use pedigree_protocol::objective::{Goal, Metric, MetricName};
use pedigree_protocol::report::EpochReport;
use pedigree_protocol::{Attempt, RunId};
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::error::{ApiError, ApiResult};

/// Stores a report of a live attempt, unless it is there already.
pub(crate) async fn record(
    db: &mut PgConnection,
    run: RunId,
    attempt: Attempt,
    metric: Metric,
    report: &EpochReport,
) -> ApiResult<()> {
    if report.epoch < 1 {
        return Err(ApiError::invalid(format!("epoch {}: epochs are counted from 1", report.epoch)));
    }
    let inserted = sqlx::query!(
        "INSERT INTO reports (run_id, attempt, epoch, metrics) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        run.0,
        attempt.0,
        report.epoch,
        Json(report) as _,
    );
    if inserted.execute(&mut *db).await?.rows_affected() == 1 {
        count(db, run, metric, objective(metric, report)).await?;
    }
    Ok(())
}

async fn count(db: &mut PgConnection, run: RunId, metric: Metric, value: f64) -> ApiResult<()> {
    sqlx::query!(
        "UPDATE runs SET epochs = epochs + 1,
             best_so_far = CASE WHEN $3 THEN greatest(best_so_far, $2) ELSE least(best_so_far, $2) END
         WHERE id = $1",
        run.0,
        value,
        metric.goal == Goal::Maximize,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The value of a report under the study's metric.
pub(crate) fn objective(metric: Metric, report: &EpochReport) -> f64 {
    match metric.name {
        MetricName::DevF1 => report.dev.under(metric.protocol).f1,
    }
}
