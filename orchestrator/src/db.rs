//! The way to the database: the pool, patience with a database that is just starting, and the migrations.

use std::str::FromStr;
use std::time::Duration;

use pedigree_protocol::upkeep::Diagnosis;
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Executor as _, PgPool};
use tokio::time::Instant;

use crate::error::{ApiError, is_outage};
use crate::serve::ServeError;

/// The schema. Migrating takes an advisory lock, so that several coordinators may start at once.
pub static MIGRATOR: Migrator = sqlx::migrate!("../migrations");

/// How long a database may take to start.
const PATIENCE: Duration = Duration::from_secs(60);
const RETRY: Duration = Duration::from_millis(250);
/// How long a request waits for a connection. Short, because whoever waits through an outage notices its end so late.
const ACQUIRE: Duration = Duration::from_secs(2);

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
    let options = options.application_name("pedigree");
    let pools = PgPoolOptions::new().acquire_timeout(ACQUIRE);
    let synchronous = pools.clone().max_connections(1).connect_lazy_with(options.clone());
    let pool = pools.max_connections(CONNECTIONS).after_connect(|connection, _| {
        Box::pin(async move { connection.execute("SET synchronous_commit = off").await.map(drop) })
    });
    let pool = pool.connect_lazy_with(options);
    wait_until_it_answers(&pool).await?;
    MIGRATOR.run(&synchronous).await.map_err(ServeError::Migrate)?;
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

async fn wait_until_it_answers(pool: &PgPool) -> Result<(), ServeError> {
    let deadline = Instant::now() + PATIENCE;
    let mut announced = false;
    loop {
        let error = match pool.acquire().await {
            Ok(_) => return Ok(()),
            Err(error) => error,
        };
        if !is_outage(&error) || Instant::now() >= deadline {
            return Err(ServeError::Connect(error));
        }
        if !announced {
            tracing::info!(error = &error as &dyn std::error::Error, "waiting for the database");
            announced = true;
        }
        tokio::time::sleep(RETRY).await;
    }
}
