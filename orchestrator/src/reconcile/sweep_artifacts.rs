//! When the store is swept: once an hour, beside the rest of upkeep, which must not wait for a large folder.

use std::sync::Arc;
use std::time::Duration;

use object_store::local::LocalFileSystem;
use sqlx::PgPool;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::artifact;
use crate::durable::Durability;

const PERIOD: Duration = Duration::from_hours(1);

/// Sweeps until told to stop. A sweep that fails is tried again an hour later.
pub(crate) async fn run(
    pool: PgPool,
    durable: Durability,
    store: Arc<LocalFileSystem>,
    stop: CancellationToken,
) {
    stop.run_until_cancelled(async {
        loop {
            sleep(PERIOD).await;
            if let Err(error) = artifact::sweep(&pool, &durable, &store).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the artifact store could not be swept"
                );
            }
        }
    })
    .await;
}
