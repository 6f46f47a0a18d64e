//! Opening the database: its pools, patience while it starts, and the migrations. Must not know a table.

use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::PgPoolOptions;
use sqlx::{Connection as _, PgConnection, PgPool, Postgres, Transaction};
use tokio::time::{Instant, timeout};

use crate::database_url;
use crate::error::{ApiResult, is_outage};

/// The schema. Migrating takes an advisory lock, so that several coordinators may start at once.
pub static MIGRATOR: Migrator = sqlx::migrate!("../migrations");

/// How long a database may take to start.
const PATIENCE: Duration = Duration::from_secs(60);
const RETRY: Duration = Duration::from_millis(250);
/// How long a request waits for a connection. Short, so that a request notices soon when an outage has ended.
const ACQUIRE: Duration = Duration::from_secs(2);
/// A connection that was used this recently is not asked whether it is alive.
const FRESH: Duration = Duration::from_millis(100);
/// How long an idle connection may take to show that it is alive.
const ANSWER: Duration = Duration::from_millis(500);

/// Protect others when this coordinator hangs or its host vanishes: the server rolls an idle transaction back, which
/// releases the rows that it has locked.
const SAFEGUARDS: [(&str, &str); 4] = [
    ("idle_in_transaction_session_timeout", "15s"),
    ("tcp_keepalives_idle", "10"),
    ("tcp_keepalives_interval", "5"),
    ("tcp_keepalives_count", "3"),
];

/// Make each statement cheap.
///
/// Commits do not wait for the disk; `durable` does. A connection plans each statement once: knowing the parameters
/// makes none of our plans better, and planning was a seventh of the database's work. Sequential scans are off because
/// a plan is made while its tables are nearly empty, and lasts until the first statistics come, a minute later. A plan
/// that scans such a table gets slower with every trial of that minute: a claim took 2.8 ms instead of 1.1. Where no
/// index serves, the table is scanned all the same.
const HASTE: [(&str, &str); 4] = [
    ("synchronous_commit", "off"),
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_seqscan", "off"),
    // A scan that is "off" counts as so costly that Postgres would compile the plan.
    ("jit", "off"),
];

/// Connections for everything but the flush. With its default limit the database serves two coordinators of this size.
const CONNECTIONS: u32 = 16;
/// How many of them workers' claims and writes may use at a time.
pub(crate) const ADMITTED: usize = 10;

/// Why the database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL is no Postgres URL.
    #[error("the database URL is not valid ({0}); it looks like postgres://USER@HOST/DATABASE")]
    Url(String),
    /// The database did not answer.
    #[error("the database does not answer")]
    Connect(#[source] sqlx::Error),
    /// The database is somebody else's.
    #[error(
        "the database {database:?} holds tables of another program ({tables}); give Pedigree a database of its own \
         (`createdb NAME`), since it makes its tables there"
    )]
    Foreign {
        /// Its name.
        database: String,
        /// The first few of the tables.
        tables: String,
    },
    /// The schema is of a later release.
    #[error(
        "the database was migrated by a newer Pedigree (migration {migration}); install that release here"
    )]
    Newer {
        /// The first migration that this program does not know.
        migration: i64,
    },
    /// The schema could not be brought up to date.
    #[error("the database's schema cannot be brought up to date")]
    Migrate(#[source] MigrateError),
}

/// The ways to the database.
#[derive(Debug)]
pub(crate) struct Database {
    /// Commits return before they are on disk. [`crate::durable`] flushes them before an answer leaves.
    pub(crate) pool: PgPool,
    /// One connection whose commits wait for the disk.
    pub(crate) synchronous: PgPool,
}

/// Connects to the database, waiting for one that is just starting, and brings its schema up to date.
pub(crate) async fn open(url: &str) -> Result<Database, OpenError> {
    let options = database_url::read(url).map_err(OpenError::Url)?;
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

/// A pool for a look at a database that no coordinator has opened. It connects when it is first used.
pub(crate) fn connect(url: &str) -> Result<PgPool, OpenError> {
    let options = database_url::read(url).map_err(OpenError::Url)?;
    Ok(PgPoolOptions::new().acquire_timeout(ACQUIRE).connect_lazy_with(options))
}

/// Whether a connection is alive. The pool's own test waits as long as TCP does: a quarter of an hour, when the
/// database's host has vanished. A few such waits would use up the pool.
async fn answers(db: &mut PgConnection) -> bool {
    matches!(timeout(ANSWER, db.ping()).await, Ok(Ok(())))
}

/// Begins a transaction, in a task of its own.
///
/// A request is dropped wherever it stands when its caller hangs up. Dropped between sending BEGIN and its answer, it
/// would return a connection to the pool inside a transaction that nobody knows of; the next user would write into
/// that.
pub(crate) async fn begin(pool: &PgPool) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    let pool = pool.clone();
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    let begun = tokio::spawn(async move { pool.begin().await });
    begun.await.unwrap_or(Err(sqlx::Error::WorkerCrashed))
}

/// Does `work` in a transaction: commits if it succeeds, and rolls back otherwise. Both end the transaction before this
/// returns: a transaction that is only dropped keeps its locks for some time, and a claim passes a locked run over.
pub(crate) async fn transaction<T>(
    pool: &PgPool,
    work: impl AsyncFnOnce(&mut PgConnection) -> ApiResult<T>,
) -> ApiResult<T> {
    let mut tx = begin(pool).await?;
    match work(&mut tx).await {
        Ok(done) => {
            tx.commit().await?;
            Ok(done)
        }
        Err(error) => {
            // A connection that cannot roll back is closed by the pool, which ends the transaction too.
            let _ = tx.rollback().await;
            Err(error)
        }
    }
}

/// Brings the schema up to date, as soon as the database lets it.
async fn wait_until_it_is_ready(pool: &PgPool) -> Result<(), OpenError> {
    let deadline = Instant::now() + PATIENCE;
    let mut announced = false;
    loop {
        let Err(error) = migrate(pool).await else { return Ok(()) };
        let cause = match &error {
            OpenError::Connect(cause)
            | OpenError::Migrate(MigrateError::Execute(cause) | MigrateError::ExecuteMigration(cause, _)) => {
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

/// Tables that lie where ours would be made, in a database that has never been migrated. Those of extensions do not count.
const FOREIGN: &str = "SELECT current_database()::text, string_agg(relname, ', ' ORDER BY relname) FROM (
    SELECT c.relname::text FROM pg_class c
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
        AND to_regclass('_sqlx_migrations') IS NULL
        AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
    ORDER BY 1 LIMIT 5) found";

async fn migrate(pool: &PgPool) -> Result<(), OpenError> {
    let mut db = pool.acquire().await.map_err(OpenError::Connect)?;
    let found: (String, Option<String>) =
        sqlx::query_as(FOREIGN).fetch_one(&mut *db).await.map_err(OpenError::Connect)?;
    drop(db);
    if let (database, Some(tables)) = found {
        return Err(OpenError::Foreign { database, tables });
    }
    MIGRATOR.run(pool).await.map_err(|error| match error {
        MigrateError::VersionMissing(migration) => OpenError::Newer { migration },
        error => OpenError::Migrate(error),
    })
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures::poll;
    use sqlx::ConnectOptions as _;

    use super::*;

    #[sqlx::test(migrations = false)]
    async fn a_schema_of_a_later_release_is_refused_in_a_sentence(test: PgPool) {
        let url = test.connect_options().to_url_lossy();
        open(url.as_str()).await.unwrap();
        let later = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                     VALUES (9000, 'of a later release', true, '', 0)";
        sqlx::query(later).execute(&test).await.unwrap();
        let refused = open(url.as_str()).await.unwrap_err();
        assert_eq!(
            refused.to_string(),
            "the database was migrated by a newer Pedigree (migration 9000); install that release here"
        );
    }

    #[sqlx::test(migrations = false)]
    async fn a_database_of_another_program_is_refused_and_left_as_it_is(test: PgPool) {
        let run = async |sql: &'static str| sqlx::raw_sql(sql).execute(&test).await.unwrap();
        run("CREATE TABLE customers (id integer); CREATE SCHEMA other; CREATE TABLE other.orders (id integer)").await;
        let url = test.connect_options().to_url_lossy();
        let refused = open(url.as_str()).await.unwrap_err().to_string();
        assert!(refused.contains("holds tables of another program (customers)"), "{refused}");
        let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
        assert_eq!(sqlx::query_scalar::<_, i64>(tables).fetch_one(&test).await.unwrap(), 1);
        run("DROP TABLE customers").await;
        open(url.as_str()).await.unwrap();
        open(url.as_str()).await.unwrap();
    }

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
