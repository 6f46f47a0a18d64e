//! The diagnosis: how the database is, and what in it needs an operator. Reads only.

use pedigree_protocol::upkeep::{Diagnosis, Finding};
use sqlx::PgPool;

use crate::db::{self, MIGRATOR, OpenError};
use crate::error::{ApiError, ApiResult};

/// How many seconds after its end a lease must be gone.
const UPKEEP_LIMIT: f64 = 5.0;
/// The oldest server that runs our SQL.
const OLDEST_SERVER: i32 = 150_000;

/// Why a database could not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum DiagnoseError {
    /// It could not be reached.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It was reached, but does not answer as a database of ours does.
    #[error("the database could not be looked at: {0}")]
    Look(String),
}

/// Looks at a database without a coordinator.
///
/// # Errors
/// When it cannot be reached, or holds nothing of ours.
pub async fn diagnose(url: &str) -> Result<Diagnosis, DiagnoseError> {
    let pool = db::connect(url)?;
    of(&pool).await.map_err(|error| match error {
        ApiError::Database(error) => OpenError::Connect(error).into(),
        other => DiagnoseError::Look(other.to_string()),
    })
}

/// Looks at everything.
pub(crate) async fn of(pool: &PgPool) -> ApiResult<Diagnosis> {
    let mut findings = vec![server(pool).await?, durability(pool).await?, migrations(pool).await?];
    findings.extend([
        stale_leases(pool).await?,
        waiting_runs(pool).await?,
        tokens(pool).await?,
        devices(pool).await?,
    ]);
    let now = sqlx::query_scalar!(r#"SELECT clock_timestamp() AS "now!""#).fetch_one(pool).await?;
    Ok(Diagnosis { version: env!("CARGO_PKG_VERSION").into(), database_time: now, findings })
}

async fn server(pool: &PgPool) -> ApiResult<Finding> {
    let select = sqlx::query!(
        r#"SELECT current_setting('server_version_num')::integer AS "number!", current_setting('server_version') AS "name!",
               pg_database_size(current_database()) AS "bytes!""#
    );
    let row = select.fetch_one(pool).await?;
    let said = format!("PostgreSQL {}, {} MiB in the database", row.name, row.bytes >> 20);
    if row.number < OLDEST_SERVER {
        return Ok(Finding::failure("database", said, "use PostgreSQL 15 or later"));
    }
    Ok(Finding::ok("database", said))
}

/// Whether acknowledged writes outlive a crash of the server.
async fn durability(pool: &PgPool) -> ApiResult<Finding> {
    let select = sqlx::query_scalar!(
        r#"SELECT name AS "name!" FROM pg_settings
           WHERE name IN ('fsync', 'full_page_writes') AND setting = 'off' ORDER BY name"#
    );
    let off = select.fetch_all(pool).await?;
    if off.is_empty() {
        return Ok(Finding::ok("durability", "fsync and full_page_writes are on"));
    }
    Ok(Finding::failure(
        "durability",
        format!("off: {}; a crash of the database's host can lose acknowledged results", off.join(", ")),
        "turn it on in postgresql.conf and restart the server",
    ))
}

/// Compares the schema with this program's migrations.
async fn migrations(pool: &PgPool) -> ApiResult<Finding> {
    let select =
        sqlx::query_as::<_, (i64, bool)>("SELECT version, success FROM _sqlx_migrations ORDER BY version");
    let done = select.fetch_all(pool).await?;
    let known: Vec<i64> = MIGRATOR.iter().map(|migration| migration.version).collect();
    let list = |versions: Vec<i64>| versions.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
    let missing: Vec<i64> =
        known.iter().copied().filter(|version| !done.contains(&(*version, true))).collect();
    let newer: Vec<i64> =
        done.iter().map(|(version, _)| *version).filter(|version| !known.contains(version)).collect();
    if !missing.is_empty() {
        let said = format!("the schema lacks migrations {}", list(missing));
        return Ok(Finding::failure(
            "migrations",
            said,
            "restart the coordinator, which applies them at its start",
        ));
    }
    if !newer.is_empty() {
        let said = format!("the schema has migrations that this program does not know: {}", list(newer));
        return Ok(Finding::warning(
            "migrations",
            said,
            "a newer coordinator has been here; upgrade this one too",
        ));
    }
    Ok(Finding::ok("migrations", format!("all {} are applied", known.len())))
}

async fn stale_leases(pool: &PgPool) -> ApiResult<Finding> {
    let stale = sqlx::query_scalar!(
        r#"SELECT count(*) AS "stale!" FROM attempts WHERE state IN ('leased', 'running')
               AND lease_expires_at < now() - make_interval(secs => $1::double precision)"#,
        UPKEEP_LIMIT,
    );
    match stale.fetch_one(pool).await? {
        0 => Ok(Finding::ok("leases", "none is overdue")),
        stale => Ok(Finding::failure(
            "leases",
            format!("{stale} ran out more than {UPKEEP_LIMIT} s ago and still hold their runs and devices"),
            "upkeep does not end them; the coordinator's log says why, and a restart is safe",
        )),
    }
}

async fn waiting_runs(pool: &PgPool) -> ApiResult<Finding> {
    let select = sqlx::query!(
        r#"SELECT
             (SELECT count(*) FROM runs r JOIN queue q ON q.id = r.queue_id
                  WHERE r.state = 'waiting' AND q.open) AS "waiting!",
             (SELECT count(*) FROM workers w WHERE worker_is_alive(w)) AS "alive!""#
    );
    let row = select.fetch_one(pool).await?;
    let said = format!("{} runs wait, {} workers are alive", row.waiting, row.alive);
    if row.waiting > 0 && row.alive == 0 {
        return Ok(Finding::warning("workers", said, "start `pedigree worker` on a host with a free device"));
    }
    Ok(Finding::ok("workers", said))
}

/// Tokens of workers that are refused, or soon will be. A worker that was started again with another token is not meant.
async fn tokens(pool: &PgPool) -> ApiResult<Finding> {
    let select = sqlx::query!(
        r#"SELECT DISTINCT w.name AS "worker!", t.name AS "token!",
               CASE WHEN t.revoked_at IS NOT NULL THEN 'was revoked'
                    WHEN t.expires_at <= now() THEN 'expired at ' || to_char(t.expires_at, 'YYYY-MM-DD HH24:MI')
                    ELSE 'expires at ' || to_char(t.expires_at, 'YYYY-MM-DD HH24:MI') END AS "what!",
               t.revoked_at IS NOT NULL OR t.expires_at <= now() AS "refused!"
           FROM workers w JOIN tokens t ON t.id = w.token_id
           WHERE w.last_seen_at > now() - interval '1 day'
               AND (t.revoked_at IS NOT NULL OR t.expires_at <= now() + interval '1 week')
               AND NOT EXISTS (SELECT 1 FROM workers later WHERE later.name = w.name AND later.created_at > w.created_at)
           ORDER BY 1, 2"#
    );
    let rows = select.fetch_all(pool).await?;
    if rows.is_empty() {
        return Ok(Finding::ok("tokens", "every worker's token is taken, and will be for a week"));
    }
    let said: Vec<String> =
        rows.iter().map(|row| format!("the token {} of {} {}", row.token, row.worker, row.what)).collect();
    let fix = "make another (`pedigree token create NAME --role worker`; revoke the old one first, and give the new one its \
               name, so that the worker's untold results count), and start the worker with it in PEDIGREE_TOKEN";
    Ok(match rows.iter().any(|row| row.refused) {
        true => Finding::failure("tokens", said.join("; "), fix),
        false => Finding::warning("tokens", said.join("; "), fix),
    })
}

/// Devices of workers that are alive, but that cannot be used, in the workers' words.
async fn devices(pool: &PgPool) -> ApiResult<Finding> {
    let select = sqlx::query!(
        r#"SELECT w.name, d.uuid, d.unavailable AS "unavailable!"
           FROM devices d JOIN workers w ON w.id = d.worker_id
           WHERE d.unavailable IS NOT NULL AND worker_is_alive(w) ORDER BY w.name, d.position"#
    );
    let rows = select.fetch_all(pool).await?;
    if rows.is_empty() {
        return Ok(Finding::ok("devices", "every device of the workers that are alive can be used"));
    }
    let said: Vec<String> =
        rows.into_iter().map(|row| format!("{} of {}: {}", row.uuid, row.name, row.unavailable)).collect();
    Ok(Finding::warning(
        "devices",
        said.join("; "),
        "free the device, and its worker uses it again by itself; reset a device that failed",
    ))
}
