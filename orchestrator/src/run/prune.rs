//! Decides after each report whether a trial goes on.
//!
//! Owns what the pruner is shown, and stores its verdict with the attempt. The run ends as pruned when its worker has
//! stopped (`lease::end`). Must not know how a rule decides.

use std::collections::BTreeMap;

use pedigree_protocol::objective::Metric;
use pedigree_protocol::pruner::Pruner;
use pedigree_protocol::report::EpochReport;
use pedigree_protocol::run::RunKind;
use pedigree_protocol::{QueueId, RunId};
use pedigree_sampler::pruner::{Track, decide};
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::error::{ApiError, ApiResult};
use crate::lease::held::{Criteria, Held};
use crate::run::report::objective;
use crate::wall::{self, Place};

/// Asks the study's pruner about a trial that has just reported `epoch`; a verdict stays with the attempt. A pruner that
/// panics has no verdict: `held.fault` then says why its study must end.
pub(crate) async fn judge(db: &mut PgConnection, held: &mut Held, epoch: i32) -> ApiResult<()> {
    let Some(Criteria { metric, pruner }) = &held.judged_by else { return Ok(()) };
    if *pruner == Pruner::None || held.kind != RunKind::Trial || held.prune_reason.is_some() {
        return Ok(());
    }
    let mut tracks = tracks(db, held.queue, *metric).await?;
    let Some(mut trial) = tracks.remove(&held.run) else { return Ok(()) };
    // A lost attempt may have come further than this attempt.
    trial.reports.retain(|step, _| *step <= epoch.unsigned_abs());
    let others: Vec<Track> = tracks.into_values().collect();
    match wall::guard(Place::Pruning, held.queue, || decide(pruner, metric.goal, &trial, &others)) {
        Ok(Some(reason)) => give_up(db, held, epoch, reason).await?,
        Ok(None) => {}
        Err(panic) => held.fault = Some(panic.to_string()),
    }
    Ok(())
}

/// Stores the verdict with the attempt.
async fn give_up(db: &mut PgConnection, held: &mut Held, epoch: i32, reason: String) -> ApiResult<()> {
    sqlx::query!(
        "UPDATE attempts SET prune_reason = $3 WHERE run_id = $1 AND attempt = $2",
        held.run.0,
        held.attempt.0,
        reason,
    )
    .execute(db)
    .await?;
    tracing::info!(run.id = %held.run, epoch, reason, "the trial is pruned");
    held.prune_reason = Some(reason);
    Ok(())
}

/// The reports of every trial of a study. If several attempts reported an epoch, the newest attempt's report counts.
async fn tracks(db: &mut PgConnection, study: QueueId, metric: Metric) -> ApiResult<BTreeMap<RunId, Track>> {
    let select = sqlx::query!(
        r#"SELECT DISTINCT ON (r.number, p.epoch) r.id, r.number AS "number!", r.value, p.epoch,
               p.metrics AS "metrics: Json<EpochReport>"
           FROM runs r JOIN reports p ON p.run_id = r.id
           WHERE r.queue_id = $1 AND r.kind = 'trial'
           ORDER BY r.number, p.epoch, p.attempt DESC"#,
        study.0
    );
    let mut tracks = BTreeMap::new();
    for row in select.fetch_all(db).await? {
        let number = u32::try_from(row.number).map_err(|error| ApiError::Broken(error.to_string()))?;
        let empty = Track { number, completed: row.value, reports: BTreeMap::new() };
        let track: &mut Track = tracks.entry(RunId(row.id)).or_insert(empty);
        track.reports.insert(row.epoch.unsigned_abs(), objective(metric, &row.metrics.0));
    }
    Ok(tracks)
}
