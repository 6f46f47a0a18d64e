//! Workers and devices in the database.

use std::time::Duration;

use pedigree_protocol::fleet::{
    Device, DeviceKind, DeviceRecord, Hello, Holder, TokenState, Worker, WorkerFilter, WorkerToken,
};
use pedigree_protocol::page::{Page, PageQuery};
use pedigree_protocol::resources::Hold;
use pedigree_protocol::run::RunKind;
use pedigree_protocol::{Attempt, RunId, TokenId, WorkerId};
use sqlx::{PgConnection, PgPool};

use crate::db;
use crate::error::{ApiError, ApiResult};
use crate::fleet::{quarantine, readings, release};
use crate::page::{Newest, Wanted};

/// Records a worker, its token, the length of a lease that it is told, and exactly the devices that it offers. A new
/// worker inherits the drain of the one that it follows.
pub(crate) async fn hello(
    pool: &PgPool,
    hello: &Hello,
    token: Option<TokenId>,
    lease_ttl: Duration,
) -> ApiResult<()> {
    let id = hello.worker_id.0;
    db::transaction(pool, async |db| {
    sqlx::query!(
        "INSERT INTO workers (id, name, pid, version, token_id, available_until, hold, lease_ttl)
         VALUES ($1, $2, $3, $4, $5, now() + make_interval(secs => $6::double precision),
             coalesce((SELECT hold FROM workers WHERE id = $7), 'none'), make_interval(secs => $8::double precision))
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, pid = excluded.pid, version = excluded.version,
             available_until = excluded.available_until, lease_ttl = excluded.lease_ttl, last_seen_at = now()",
        id,
        hello.name,
        hello.pid,
        hello.version,
        token.map(|token| token.0),
        hello.remaining_s.map(f64::from),
        hello.follows.map(|earlier| earlier.0),
        lease_ttl.as_secs_f64(),
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!("DELETE FROM devices WHERE worker_id = $1", id).execute(&mut *db).await?;
    for (position, device) in (0..).zip(&hello.devices) {
        insert_device(&mut *db, hello.worker_id, position, device).await?;
        if hello.unfit.contains(&device.uuid) {
            let reason = device.unavailable.as_deref().unwrap_or("its worker says that it has to be reset");
            quarantine::begin(&mut *db, &device.uuid, reason).await?;
        }
    }
    Ok(())
    })
    .await?;
    tracing::info!(worker.id = %hello.worker_id, name = hello.name, devices = hello.devices.len(), "worker is here");
    Ok(())
}

async fn insert_device(
    db: &mut PgConnection,
    worker: WorkerId,
    position: i32,
    device: &Device,
) -> ApiResult<()> {
    let done = sqlx::query!(
        "INSERT INTO devices (worker_id, uuid, position, kind, name, memory_bytes, unavailable)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        worker.0,
        device.uuid,
        position,
        device.kind as _,
        device.name,
        device.memory_bytes,
        device.unavailable,
    );
    match done.execute(db).await?.rows_affected() {
        1 => Ok(()),
        _ => Err(ApiError::invalid(format!("the device {:?} is listed twice; list it once", device.uuid))),
    }
}

/// Notes that a worker was heard. An unknown worker or device must introduce itself first. A worker that has gone on from
/// before the coordinator was upgraded is told to be upgraded too.
pub(crate) async fn touch(pool: &PgPool, worker: WorkerId, device: &str) -> ApiResult<()> {
    let update = sqlx::query_scalar!(
        "UPDATE workers SET last_seen_at = now()
         WHERE id = $1 AND EXISTS (SELECT 1 FROM devices WHERE worker_id = $1 AND uuid = $2)
         RETURNING version",
        worker.0,
        device,
    );
    match update.fetch_optional(pool).await? {
        Some(version) => release::check(&version),
        None => Err(ApiError::not_found(format!(
            "no worker {worker} with a device {device:?} is known here; say hello first"
        ))),
    }
}

/// Drains a worker, or ends its drain.
pub(crate) async fn set_hold(pool: &PgPool, worker: WorkerId, hold: Hold) -> ApiResult<Worker> {
    let done = sqlx::query!("UPDATE workers SET hold = $2 WHERE id = $1", worker.0, hold as _);
    done.execute(pool).await?;
    let selection = Selection { worker: Some(worker), gone: true, ..Selection::default() };
    let found = select(pool, selection).await?.into_iter().next();
    found.ok_or_else(|| {
        ApiError::not_found(format!("there is no worker {worker}; `pedigree worker list --gone` shows all"))
    })
}

/// The workers that offer a device, with what holds their devices.
pub(crate) async fn offering(pool: &PgPool, device: &str) -> ApiResult<Vec<Worker>> {
    select(pool, Selection { device: Some(device), gone: true, ..Selection::default() }).await
}

/// A page of the workers, newest first, with what holds their devices.
pub(crate) async fn list(pool: &PgPool, page: &PageQuery, filter: WorkerFilter) -> ApiResult<Page<Worker>> {
    let wanted = Wanted::<Newest>::read(page)?;
    let (after, limit) = (wanted.after, Some(wanted.rows()));
    let selection = Selection { gone: filter.gone, after, limit, ..Selection::default() };
    let workers = select(pool, selection).await?;
    let select = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM workers WHERE $1 OR last_seen_at > now() - interval '1 week'"#,
        filter.gone
    );
    let total = select.fetch_one(pool).await?;
    wanted.cut(workers, total, |worker| Newest { at: worker.created_at, id: worker.id.0 })
}

/// Which workers are read; those that were heard within a week by default.
#[derive(Default)]
struct Selection<'a> {
    worker: Option<WorkerId>,
    device: Option<&'a str>,
    gone: bool,
    after: Option<Newest>,
    limit: Option<i64>,
}

async fn select(pool: &PgPool, wanted: Selection<'_>) -> ApiResult<Vec<Worker>> {
    let rows = sqlx::query!(
        r#"SELECT w.id, w.name, w.pid, w.version, w.created_at, w.last_seen_at,
               worker_is_alive(w) AS "alive!",
               w.hold AS "hold: Hold", w.available_until,
               d.uuid AS "uuid?", d.kind AS "kind?: DeviceKind", d.name AS "device_name?", d.memory_bytes,
               d.unavailable, a.run_id AS "run_id?", a.attempt AS "attempt?",
               e.name AS "queue_name?", r.kind AS "run_kind?: RunKind", r.number, q.reason AS "quarantine?",
               g.reading AS "reading?", g.read_at AS "read_at?",
               t.name AS "token_name?", t.expires_at AS token_expires_at, t.revoked_at IS NOT NULL AS "token_revoked!",
               coalesce(t.expires_at <= now(), false) AS "token_expired!",
               coalesce(t.expires_at <= now() + interval '1 week', false) AS "token_expiring!"
           FROM (
               SELECT id FROM workers
               WHERE ($1 OR last_seen_at > now() - interval '1 week')
                   AND ($2::uuid IS NULL OR id = $2)
                   AND ($3::text IS NULL OR id IN (SELECT worker_id FROM devices WHERE uuid = $3))
                   AND ($4::timestamptz IS NULL OR (created_at, id) < ($4, $5::uuid))
               ORDER BY created_at DESC, id DESC LIMIT $6
           ) page
           JOIN workers w ON w.id = page.id
           LEFT JOIN devices d ON d.worker_id = w.id
           LEFT JOIN attempts a
               ON a.worker_id = w.id AND a.device_uuid = d.uuid AND a.state IN ('leased', 'running')
           LEFT JOIN runs r ON r.id = a.run_id
           LEFT JOIN queue e ON e.id = r.queue_id
           LEFT JOIN quarantines q ON q.device_uuid = d.uuid AND q.released_at IS NULL
           LEFT JOIN tokens t ON t.id = w.token_id
           LEFT JOIN gpu_readings g ON g.worker_id = d.worker_id AND g.device_uuid = d.uuid
           ORDER BY w.created_at DESC, w.id DESC, d.position"#,
        wanted.gone,
        wanted.worker.map(|worker| worker.0),
        wanted.device,
        wanted.after.map(|after| after.at),
        wanted.after.map(|after| after.id),
        wanted.limit,
    );
    let mut workers: Vec<Worker> = Vec::new();
    for row in rows.fetch_all(pool).await? {
        let id = WorkerId(row.id);
        if workers.last().is_none_or(|worker| worker.id != id) {
            workers.push(Worker {
                id,
                name: row.name,
                pid: row.pid,
                version: row.version,
                created_at: row.created_at,
                last_seen_at: row.last_seen_at,
                alive: row.alive,
                hold: row.hold,
                available_until: row.available_until,
                devices: Vec::new(),
                token: row.token_name.map(|name| WorkerToken {
                    name,
                    state: match (row.token_revoked, row.token_expired, row.token_expiring) {
                        (true, ..) => TokenState::Revoked,
                        (_, true, _) => TokenState::Expired,
                        (_, _, true) => TokenState::Expiring,
                        _ => TokenState::Live,
                    },
                    expires_at: row.token_expires_at,
                }),
            });
        }
        let (Some(uuid), Some(kind), Some(name)) = (row.uuid, row.kind, row.device_name) else { continue };
        let (memory_bytes, unavailable) = (row.memory_bytes, row.unavailable);
        let device = Device { uuid, kind, name, memory_bytes, unavailable };
        let (run_id, attempt) = (row.run_id.map(RunId), row.attempt.map(Attempt));
        let shown = readings::shown(row.reading, row.read_at);
        let holder = row.queue_name.zip(row.run_kind);
        let holder = holder.map(|(queue_name, kind)| Holder { queue_name, kind, number: row.number });
        let record = DeviceRecord { device, run_id, attempt, holder, quarantine: row.quarantine, shown };
        if let Some(worker) = workers.last_mut() {
            worker.devices.push(record);
        }
    }
    Ok(workers)
}
