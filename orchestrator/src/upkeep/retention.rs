//! Making room: files and logs that ended studies no longer need are removed.
//!
//! Owns the rule of what stays: the final run, the best trials, and every content that a dataset, a backbone or any
//! other attempt references. Parameters, reports and results always stay; they are small.

use pedigree_protocol::upkeep::{Removed, RemovedOfStudy, Retention};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::app::App;
use crate::artifact;
use crate::db;
use crate::error::ApiResult;

/// Counts what is no longer needed and, unless it is a dry run, removes it.
pub(crate) async fn make_room(app: &App, wanted: &Retention) -> ApiResult<Removed> {
    let mut tx = db::begin(&app.pool).await?;
    let trials = trials(&mut tx, wanted).await?;
    let studies = count(&mut tx, &trials).await?;
    forget(&mut tx, &trials).await?;
    let contents = unnamed(&mut tx).await?;
    let removed = Removed {
        dry_run: wanted.dry_run,
        studies,
        contents: i64::try_from(contents.len()).unwrap_or(i64::MAX),
        content_bytes: contents.iter().map(|(_, bytes)| bytes).sum(),
    };
    if wanted.dry_run {
        // Counted by doing it and rolling back, so that a dry run says exactly what the run would do.
        tx.rollback().await?;
        return Ok(removed);
    }
    tx.commit().await?;
    // The bytes go only when the removal of their records is on disk.
    app.durable.flushed().await?;
    for (sha256, _) in &contents {
        artifact::remove(&app.pool, &app.store, &artifact::sql::parse(sha256)?).await?;
    }
    tracing::info!(contents = removed.contents, bytes = removed.content_bytes, "made room");
    Ok(removed)
}

/// Trials of long-ended studies that are not among the best.
async fn trials(db: &mut PgConnection, wanted: &Retention) -> ApiResult<Vec<Uuid>> {
    let trials = sqlx::query_scalar!(
        r#"SELECT ranked.id FROM (
               SELECT r.id, row_number() OVER (
                   PARTITION BY r.queue_id
                   ORDER BY CASE WHEN s.maximize THEN -r.value ELSE r.value END NULLS LAST,
                       (r.summary ->> 'dev_loss')::double precision NULLS LAST, r.number
               ) AS place
               FROM runs r JOIN studies s ON s.id = r.queue_id
               WHERE r.kind = 'trial' AND s.ended_at <= now() - make_interval(days => $1)
           ) AS ranked WHERE place > $2"#,
        // The database counts no days before 4713 BC; nothing of ours is older than a century.
        i32::try_from(wanted.days.min(36_500)).unwrap_or(36_500),
        i64::from(wanted.keep_best),
    );
    Ok(trials.fetch_all(db).await?)
}

async fn count(db: &mut PgConnection, trials: &[Uuid]) -> ApiResult<Vec<RemovedOfStudy>> {
    let rows = sqlx::query_as!(
        RemovedOfStudy,
        r#"SELECT q.name AS "study!", count(*) AS "trials!", sum(l.files)::bigint AS "files!",
               sum(l.file_bytes)::bigint AS "file_bytes!", sum(l.log_bytes)::bigint AS "log_bytes!"
           FROM (
               SELECT r.queue_id,
                   (SELECT count(*) FROM attempt_artifacts f WHERE f.run_id = r.id) AS files,
                   (SELECT coalesce(sum(a.bytes), 0) FROM attempt_artifacts f JOIN artifacts a USING (sha256)
                       WHERE f.run_id = r.id) AS file_bytes,
                   (SELECT coalesce(sum(length(l.content)), 0) FROM log_slices l WHERE l.run_id = r.id) AS log_bytes
               FROM runs r WHERE r.id = ANY ($1)
           ) AS l JOIN queue q ON q.id = l.queue_id
           WHERE l.files > 0 OR l.log_bytes > 0
           GROUP BY q.id ORDER BY q.created_at, q.id"#,
        trials,
    );
    Ok(rows.fetch_all(db).await?)
}

async fn forget(db: &mut PgConnection, trials: &[Uuid]) -> ApiResult<()> {
    sqlx::query!("DELETE FROM attempt_artifacts WHERE run_id = ANY ($1)", trials).execute(&mut *db).await?;
    sqlx::query!("DELETE FROM log_slices WHERE run_id = ANY ($1)", trials).execute(db).await?;
    Ok(())
}

/// Deletes the records of contents that nothing references. A content that was sent or asked for within a day stays:
/// its client may reference it next. A content that is just being referenced is locked, and is skipped.
async fn unnamed(db: &mut PgConnection) -> ApiResult<Vec<(String, i64)>> {
    let select = sqlx::query!(
        "DELETE FROM artifacts WHERE sha256 IN (
         SELECT sha256 FROM artifacts a
         WHERE greatest(a.created_at, a.wanted_at) < now() - interval '1 day'
           AND NOT EXISTS (SELECT 1 FROM attempt_artifacts f WHERE f.sha256 = a.sha256)
           AND NOT EXISTS (SELECT 1 FROM seals e WHERE e.test_sha256 = a.sha256)
           AND NOT EXISTS (SELECT 1 FROM pretrainings p WHERE a.sha256 IN (p.passages_sha256, p.held_out_sha256))
           AND NOT EXISTS (SELECT 1 FROM datasets d
                           WHERE a.sha256 IN (d.train_sha256, d.dev_sha256, d.test_sha256))
           AND NOT EXISTS (SELECT 1 FROM backbones b, jsonb_array_elements(b.spec -> 'files') AS file
                           WHERE file ->> 'sha256' = a.sha256)
         FOR UPDATE SKIP LOCKED)
         RETURNING sha256, bytes"
    );
    let rows = select.fetch_all(db).await?.into_iter();
    Ok(rows.map(|row| (row.sha256, row.bytes)).collect())
}
