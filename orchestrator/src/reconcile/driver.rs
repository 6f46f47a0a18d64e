//! When upkeep runs: periodically, and soon after a change.

use std::sync::Arc;
use std::time::Duration;

use object_store::local::LocalFileSystem;
use sqlx::PgPool;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::error::ApiError;
use crate::events::Feed;
use crate::reconcile;

const PERIOD: Duration = Duration::from_millis(500);
/// Changes come in bursts; upkeep looks once after each.
const SETTLE: Duration = Duration::from_millis(100);

/// Runs upkeep until told to stop. A database that is away is waited for.
pub(crate) async fn run(pool: PgPool, store: Arc<LocalFileSystem>, feed: Feed, stop: CancellationToken) {
    let mut health = Health::Well;
    loop {
        let pause = async {
            // Period or change: either is a reason to look.
            let _ = timeout(PERIOD, feed.upkeep()).await;
            sleep(SETTLE).await;
        };
        if stop.run_until_cancelled(pause).await.is_none() {
            return;
        }
        // Not cut off by the stop: a pass is short, and what it began it should end.
        health = health.after(reconcile::pass(&pool, &store).await.err());
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Health {
    Well,
    Ailing,
}

impl Health {
    /// Logs the beginning and the end of trouble, once each.
    fn after(self, error: Option<ApiError>) -> Self {
        match (self, error) {
            (Self::Well, Some(error)) if error.is_outage() => {
                tracing::warn!(error = &error as &dyn std::error::Error, "upkeep waits for the database");
                Self::Ailing
            }
            (Self::Well, Some(error)) => {
                tracing::error!(error = &error as &dyn std::error::Error, "upkeep failed; it tries again");
                Self::Ailing
            }
            (Self::Ailing, None) => {
                tracing::info!("upkeep goes on");
                Self::Well
            }
            (health, _) => health,
        }
    }
}
