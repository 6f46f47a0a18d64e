//! Attempts as they are shown.

use std::collections::BTreeMap;

use pedigree_protocol::artifact::ArtifactFile;
use pedigree_protocol::energy::{Energy, EnergySource};
use pedigree_protocol::run::{AttemptRecord, AttemptState, FailureCause};
use pedigree_protocol::{Attempt, RunId, WorkerId};
use sqlx::PgPool;

use crate::artifact::sql::parse;
use crate::error::ApiResult;
use crate::run::trial::failure;

/// The attempts of a run, oldest first.
pub(crate) async fn of_run(pool: &PgPool, run: RunId) -> ApiResult<Vec<AttemptRecord>> {
    let select = sqlx::query!(
        r#"SELECT a.attempt, a.worker_id, w.name, a.device_uuid, a.state AS "state: AttemptState",
               a.failure_cause AS "failure_cause: FailureCause", a.failure_message, a.failure_evidence,
               a.consequence, a.energy_joules, a.energy_source AS "energy_source: EnergySource",
               a.prune_reason, a.leased_at, a.started_at, a.ended_at, a.lease_expires_at
           FROM attempts a JOIN workers w ON w.id = a.worker_id WHERE a.run_id = $1 ORDER BY a.attempt"#,
        run.0
    );
    let rows = select.fetch_all(pool).await?;
    let mut left = artifacts(pool, run).await?;
    let attempts = rows.into_iter().map(|row| AttemptRecord {
        attempt: Attempt(row.attempt),
        worker_id: WorkerId(row.worker_id),
        worker_name: row.name,
        device_uuid: row.device_uuid,
        state: row.state,
        failure: failure(row.failure_cause, row.failure_message, row.failure_evidence),
        consequence: row.consequence,
        energy: row.energy_joules.zip(row.energy_source).map(|(joules, source)| Energy { joules, source }),
        prune_reason: row.prune_reason,
        leased_at: row.leased_at,
        started_at: row.started_at,
        ended_at: row.ended_at,
        lease_expires_at: row.lease_expires_at,
        artifacts: left.remove(&row.attempt).unwrap_or_default(),
    });
    Ok(attempts.collect())
}

async fn artifacts(pool: &PgPool, run: RunId) -> ApiResult<BTreeMap<i32, Vec<ArtifactFile>>> {
    let rows = sqlx::query!(
        "SELECT l.attempt, l.name, l.sha256, f.bytes FROM attempt_artifacts l JOIN artifacts f USING (sha256)
         WHERE l.run_id = $1 ORDER BY l.attempt, l.name",
        run.0
    );
    let mut files: BTreeMap<i32, Vec<ArtifactFile>> = BTreeMap::new();
    for row in rows.fetch_all(pool).await? {
        let file = ArtifactFile { name: row.name, sha256: parse(&row.sha256)?, bytes: row.bytes };
        files.entry(row.attempt).or_default().push(file);
    }
    Ok(files)
}
