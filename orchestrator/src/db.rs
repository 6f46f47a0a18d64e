//! The way to the database: the pool, patience with a database that is just starting, and the migrations.

use std::str::FromStr;
use std::time::Duration;

use sqlx::PgPool;
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tokio::time::Instant;

use crate::error::is_outage;
use crate::serve::ServeError;

/// The schema. Migrating takes an advisory lock, so that several coordinators may start at once.
pub static MIGRATOR: Migrator = sqlx::migrate!("../migrations");

/// How long a database may take to start.
const PATIENCE: Duration = Duration::from_secs(60);
const RETRY: Duration = Duration::from_millis(250);
/// How long a request waits for a connection. Short, because whoever waits through an outage notices its end so late.
const ACQUIRE: Duration = Duration::from_secs(2);

/// Connects to the database, waiting for one that is just starting, and brings its schema up to date.
pub(crate) async fn open(url: &str) -> Result<PgPool, ServeError> {
    let options = PgConnectOptions::from_str(url).map_err(ServeError::DatabaseUrl)?;
    let pool = PgPoolOptions::new()
        .max_connections(16)
        .acquire_timeout(ACQUIRE)
        .connect_lazy_with(options.application_name("pedigree"));
    wait_until_it_answers(&pool).await?;
    MIGRATOR.run(&pool).await.map_err(ServeError::Migrate)?;
    Ok(pool)
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
