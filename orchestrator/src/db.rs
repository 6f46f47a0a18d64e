//! The way to the database: the pool, patience with a database that is just starting, and the migrations.

use std::str::FromStr;
use std::time::Duration;

use pedigree_protocol::upkeep::Diagnosis;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection as _, PgConnection, PgPool, Postgres, Transaction};
use tokio::time::{Instant, timeout};

use crate::error::{ApiError, is_outage};
use crate::serve::ServeError;

/// The schema. Migrating takes an advisory lock, so that several coordinators may start at once.
pub static MIGRATOR: Migrator = sqlx::migrate!("../migrations");

/// How long a database may take to start.
const PATIENCE: Duration = Duration::from_secs(60);
const RETRY: Duration = Duration::from_millis(250);
/// How long a request waits for a connection. Short, because whoever waits through an outage notices its end so late.
const ACQUIRE: Duration = Duration::from_secs(2);
/// A connection that was used this recently is not asked whether it is alive.
const FRESH: Duration = Duration::from_millis(100);
/// How long an idle connection may take to show that it is alive.
const ANSWER: Duration = Duration::from_millis(500);

/// What the server does for others when this coordinator hangs, or its host vanishes: a transaction that stands still,
/// and the rows that it has locked, are given up.
const SAFEGUARDS: [(&str, &str); 4] = [
    ("idle_in_transaction_session_timeout", "15s"),
    ("tcp_keepalives_idle", "10"),
    ("tcp_keepalives_interval", "5"),
    ("tcp_keepalives_count", "3"),
];

/// Commits do not wait for the disk (`durable`), and a connection plans each statement once: no plan of ours gets better by
/// knowing its parameters, and planning was a seventh of what the database did. Plans are made while tables are nearly
/// empty and last until statistics come, a minute later; one that reads a table whole because it is short gets slower
/// with every trial of that minute (a claim took 2.8 ms instead of 1.1). Where no index serves it is read whole as before.
const HASTE: [(&str, &str); 4] = [
    ("synchronous_commit", "off"),
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_seqscan", "off"),
    // What a plan without an index is said to cost would have it compiled.
    ("jit", "off"),
];

/// Connections of everything but the flush. The database serves two coordinators of this size with its usual limit.
const CONNECTIONS: u32 = 16;
/// Of these, those that workers' claims and writes use at a time.
pub(crate) const ADMITTED: usize = 10;

/// The ways to the database.
#[derive(Debug)]
pub(crate) struct Database {
    /// Commits return before they are on disk; no answer leaves before [`crate::durable`] has flushed them.
    pub(crate) pool: PgPool,
    /// One connection whose commits wait for the disk.
    pub(crate) synchronous: PgPool,
}

/// Connects to the database, waiting for one that is just starting, and brings its schema up to date.
pub(crate) async fn open(url: &str) -> Result<Database, ServeError> {
    let options = PgConnectOptions::from_str(url).map_err(ServeError::DatabaseUrl)?;
    let options = options.application_name("pedigree").options(SAFEGUARDS);
    let pools = PgPoolOptions::new()
        .acquire_timeout(ACQUIRE)
        .test_before_acquire(false)
        .before_acquire(|db, meta| Box::pin(async move { Ok(meta.idle_for < FRESH || answers(db).await) }));
    let synchronous = pools.clone().max_connections(1).connect_lazy_with(options.clone());
    let pool = pools.max_connections(CONNECTIONS).connect_lazy_with(options.options(HASTE));
    wait_until_it_is_ready(&synchronous).await?;
    Ok(Database { pool, synchronous })
}

/// How a database is, asked without a coordinator.
///
/// # Errors
/// When it cannot be reached, or holds nothing of ours.
pub async fn diagnose(url: &str) -> Result<Diagnosis, ServeError> {
    let options = PgConnectOptions::from_str(url).map_err(ServeError::DatabaseUrl)?;
    let pool = PgPoolOptions::new().acquire_timeout(ACQUIRE).connect_lazy_with(options);
    crate::upkeep::diagnosis::of(&pool).await.map_err(|error| match error {
        ApiError::Database(error) => ServeError::Connect(error),
        other => ServeError::Diagnosis(other.to_string()),
    })
}

/// Whether a connection is alive. The pool's own test waits for as long as TCP does, a quarter of an hour, when the
/// database's host has vanished; a few such connections would be all that a pool has.
async fn answers(db: &mut PgConnection) -> bool {
    matches!(timeout(ANSWER, db.ping()).await, Ok(Ok(())))
}

/// Begins a transaction, in a task of its own. A request whose caller has hung up is dropped wherever it stands; were that
/// between sending BEGIN and hearing of it, the connection would go back to the pool in a transaction that nobody knows
/// of, and whoever got it next would write into that.
pub(crate) async fn begin(pool: &PgPool) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    let pool = pool.clone();
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    let begun = tokio::spawn(async move { pool.begin().await });
    begun.await.unwrap_or(Err(sqlx::Error::WorkerCrashed))
}

/// Brings the schema up to date, as soon as the database lets it.
async fn wait_until_it_is_ready(pool: &PgPool) -> Result<(), ServeError> {
    let deadline = Instant::now() + PATIENCE;
    let mut announced = false;
    loop {
        let Err(error) = migrate(pool).await else { return Ok(()) };
        let cause = match &error {
            ServeError::Connect(cause)
            | ServeError::Migrate(MigrateError::Execute(cause) | MigrateError::ExecuteMigration(cause, _)) => {
                cause
            }
            _ => return Err(error),
        };
        if !is_outage(cause) || Instant::now() >= deadline {
            return Err(error);
        }
        if !announced {
            tracing::info!(error = cause as &dyn std::error::Error, "waiting for the database");
            announced = true;
        }
        tokio::time::sleep(RETRY).await;
    }
}

async fn migrate(pool: &PgPool) -> Result<(), ServeError> {
    drop(pool.acquire().await.map_err(ServeError::Connect)?);
    MIGRATOR.run(pool).await.map_err(ServeError::Migrate)
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures::poll;
    use sqlx::ConnectOptions as _;

    use super::*;

    #[sqlx::test(migrations = false)]
    async fn whoever_gives_up_while_it_begins_leaves_no_transaction_behind(test: PgPool) {
        let Database { pool, .. } = open(test.connect_options().to_url_lossy().as_str()).await.unwrap();
        for patience in 0..20 {
            let mut beginning = pin!(begin(&pool));
            for _ in 0..patience {
                if poll!(&mut beginning).is_ready() {
                    break;
                }
                tokio::task::yield_now().await;
            }
        }
        // More than there are connections: each is used, and what it writes is there as soon as it is written.
        let writes = (0..2 * CONNECTIONS).map(|_| async {
            let mut db = pool.acquire().await.unwrap();
            sqlx::raw_sql("INSERT INTO events (topic) VALUES ('fleet')").execute(&mut *db).await.unwrap();
        });
        futures::future::join_all(writes).await;
        let written: i64 = sqlx::query_scalar("SELECT count(*) FROM events").fetch_one(&test).await.unwrap();
        assert_eq!(written, i64::from(2 * CONNECTIONS));
    }
}
