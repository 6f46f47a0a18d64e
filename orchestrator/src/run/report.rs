//! Epoch reports: each counts once, by (run, attempt, epoch).

use metrics::counter;
use pedigree_protocol::objective::{Goal, Metric, MetricName};
use pedigree_protocol::report::EpochReport;
use pedigree_protocol::{Attempt, RunId};
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
    if let Some(report) = reports.iter().find(|report| report.epoch < 1) {
        return Err(ApiError::invalid(format!("epoch {}: epochs are counted from 1", report.epoch)));
    }
    let epochs: Vec<i32> = reports.iter().map(|report| report.epoch).collect();
    let metrics: Vec<Json<&EpochReport>> = reports.iter().copied().map(Json).collect();
    let inserted = sqlx::query_scalar!(
        "INSERT INTO reports (run_id, attempt, epoch, metrics)
         SELECT $1, $2, epoch, metrics FROM unnest($3::integer[], $4::jsonb[]) AS report (epoch, metrics)
         ON CONFLICT DO NOTHING RETURNING epoch",
        run.0,
        attempt.0,
        &epochs,
        metrics as _,
    );
    let fresh = inserted.fetch_all(&mut *db).await?;
    counter!("pedigree_epoch_reports_stored_total").increment(fresh.len() as u64);
    let values = reports.iter().filter(|r| fresh.contains(&r.epoch)).map(|r| objective(metric, r));
    let best = values.reduce(if metric.goal == Goal::Maximize { f64::max } else { f64::min });
    match (best, i32::try_from(fresh.len())) {
        (Some(best), Ok(count)) => tally(db, run, metric, count, best).await,
        _ => Ok(()),
    }
}

/// Adds `count` epochs, of which the best reached `best`, to what the run shows.
async fn tally(db: &mut PgConnection, run: RunId, metric: Metric, count: i32, best: f64) -> ApiResult<()> {
    sqlx::query!(
        "UPDATE runs SET epochs = epochs + $4,
             best_so_far = CASE WHEN $3 THEN greatest(best_so_far, $2) ELSE least(best_so_far, $2) END
         WHERE id = $1",
        run.0,
        best,
        metric.goal == Goal::Maximize,
        count,
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
