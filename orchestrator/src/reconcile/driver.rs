//! When upkeep runs: periodically, and soon after a change.

use std::sync::Arc;
use std::time::Duration;

use metrics::counter;
use object_store::local::LocalFileSystem;
use sqlx::PgPool;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::error::ApiError;
use crate::events::Feed;
use crate::reconcile;

const PERIOD: Duration = Duration::from_millis(500);
/// Changes come in bursts; upkeep looks once after each, and no oftener than it would without them by much.
const SETTLE: Duration = Duration::from_millis(300);

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
        let failed = reconcile::pass(&pool, &store).await.err();
        let result = if failed.is_none() { "done" } else { "failed" };
        counter!("pedigree_upkeep_passes_total", "result" => result).increment(1);
        health = health.after(failed);
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
