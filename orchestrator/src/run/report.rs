//! Epoch reports: each counts once, by (run, attempt, epoch).

use metrics::counter;
use pedigree_protocol::dapt::DaptReport;
use pedigree_protocol::objective::{Goal, Metric, MetricName};
use pedigree_protocol::report::{AttemptReport, EpochReport};
use pedigree_protocol::{Attempt, RunId};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool};

use crate::error::{ApiError, ApiResult};
use crate::lease::held::Held;
use crate::run::tally::Tally;

/// Which statement writes the tally of the reports onto the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    ByTheReport,
    /// The end of the run, which comes in the same batch: one write of the run instead of two.
    ByTheEnd,
}

/// Reports of one attempt that are stored together.
#[derive(Debug)]
struct Batch<'a, M> {
    run: RunId,
    attempt: Attempt,
    goal: Goal,
    shown: Shown,
    reports: Vec<Row<'a, M>>,
}

/// A report with the value that it reached.
#[derive(Debug)]
struct Row<'a, M> {
    epoch: i32,
    value: f64,
    metrics: &'a M,
}

/// Stores reports of a live attempt, each once; answers what they add.
pub(crate) async fn record<'a>(
    db: &mut PgConnection,
    held: &Held,
    metric: Metric,
    reports: &[&'a EpochReport],
    shown: Shown,
) -> ApiResult<Tally> {
    let row = |&report: &&'a EpochReport| Row {
        epoch: report.epoch,
        value: objective(metric, report),
        metrics: report,
    };
    let rows = reports.iter().map(row);
    let (run, attempt) = (held.run, held.attempt);
    store(db, Batch { run, attempt, goal: metric.goal, shown, reports: rows.collect() }).await
}

/// Stores a report of a pretraining, once.
pub(crate) async fn record_dapt(db: &mut PgConnection, held: &Held, report: &DaptReport) -> ApiResult<()> {
    let row = Row { epoch: report.epoch, value: report.held_out.pseudo_perplexity, metrics: report };
    let (run, attempt) = (held.run, held.attempt);
    let batch = Batch { run, attempt, goal: Goal::Minimize, shown: Shown::ByTheReport, reports: vec![row] };
    store(db, batch).await.map(drop)
}

async fn store(db: &mut PgConnection, batch: Batch<'_, impl Serialize + Sync>) -> ApiResult<Tally> {
    let epochs: Vec<i32> = batch.reports.iter().map(|row| row.epoch).collect();
    if let Some(epoch) = epochs.iter().find(|epoch| **epoch < 1) {
        return Err(ApiError::invalid(format!("epoch {epoch}: epochs are counted from 1")));
    }
    let values: Vec<f64> = batch.reports.iter().map(|row| row.value).collect();
    let metrics: Vec<_> = batch.reports.iter().map(|row| Json(row.metrics)).collect();
    let insert = sqlx::query_as!(
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
        batch.run.0,
        batch.attempt.0,
        &epochs,
        metrics as _,
        &values,
        batch.goal == Goal::Maximize,
        batch.shown == Shown::ByTheReport,
    );
    let tally = insert.fetch_one(db).await?;
    counter!("pedigree_epoch_reports_stored_total").increment(tally.epochs.unsigned_abs().into());
    Ok(tally)
}

/// The reports of one attempt, by epoch: those of a trial or final run, or those of a pretraining.
pub(crate) async fn of_attempt<M: DeserializeOwned>(
    pool: &PgPool,
    run: RunId,
    attempt: Attempt,
) -> ApiResult<Vec<AttemptReport<M>>> {
    let select = sqlx::query!(
        r#"SELECT received_at, metrics FROM reports
           WHERE run_id = $1 AND attempt = $2 ORDER BY epoch"#,
        run.0,
        attempt.0
    );
    let report = |received_at, metrics| {
        let metrics = serde_json::from_value(metrics).map_err(|error| ApiError::Broken(error.to_string()))?;
        Ok(AttemptReport { attempt, received_at, metrics })
    };
    let rows = select.fetch_all(pool).await?.into_iter();
    rows.map(|row| report(row.received_at, row.metrics)).collect()
}

/// The value of a report under the study's metric.
pub(crate) fn objective(metric: Metric, report: &EpochReport) -> f64 {
    match metric.name {
        MetricName::DevF1 => report.dev.under(metric.protocol).f1,
    }
}
