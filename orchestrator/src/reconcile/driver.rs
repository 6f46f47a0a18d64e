//! When upkeep runs: periodically, and soon after a change.
//!
//! A database that does not answer at all (its host vanished, its disk hangs) must not hold upkeep for ever either.

use std::sync::Arc;
use std::time::Duration;

use metrics::counter;
use object_store::local::LocalFileSystem;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::error::{ApiError, ApiResult};
use crate::events::Feed;
use crate::reconcile::{self, outage};
use crate::study::studies::Studies;

const PERIOD: Duration = Duration::from_millis(500);
/// Changes come in bursts; upkeep looks once after each, and no oftener than it would without them by much.
const SETTLE: Duration = Duration::from_millis(300);

/// The limit of one pass. The next pass does what this one left.
const LONGEST: Duration = Duration::from_secs(60);

/// Runs upkeep until told to stop. A database that is away is waited for.
pub(crate) async fn run(
    studies: Studies,
    store: Arc<LocalFileSystem>,
    feed: Feed,
    lease_ttl: Duration,
    stop: CancellationToken,
) {
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
        // The stop does not cut it off: a pass is short, and ends what it began.
        let failed = match timeout(LONGEST, look(&studies, &store, lease_ttl)).await {
            Ok(done) => done.err(),
            Err(_) => Some(sqlx::Error::PoolTimedOut.into()),
        };
        let result = if failed.is_none() { "done" } else { "failed" };
        counter!("pedigree_upkeep_passes_total", "result" => result).increment(1);
        health = health.after(failed);
    }
}

/// One pass. The end of a long pass is noted: only the time between passes counts as an outage.
async fn look(studies: &Studies, store: &Arc<LocalFileSystem>, lease_ttl: Duration) -> ApiResult<()> {
    outage::forgive(&studies.pool, lease_ttl).await?;
    let began = Instant::now();
    reconcile::pass(studies, store).await?;
    if began.elapsed() < PERIOD {
        return Ok(());
    }
    outage::forgive(&studies.pool, lease_ttl).await
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

#[cfg(test)]
mod tests {
    use pedigree_protocol::run::AttemptState;
    use sqlx::PgPool;

    use super::*;
    use crate::testing::{Coordinator, study_spec};

    /// Complaint 4 (optuna's FAQ): who has fallen silent is noticed when somebody else begins a trial, and never where
    /// nobody does.
    #[sqlx::test(migrator = "crate::db::MIGRATOR")]
    async fn complaint_04_a_silent_worker_is_noticed_though_nobody_asks_for_anything(pool: PgPool) {
        // The promise is a lease's length and two seconds; what remains of these is for the pass itself.
        const { assert!(PERIOD.as_millis() + SETTLE.as_millis() <= 1_000) };
        let mut coordinator = Coordinator::with_content(pool).await;
        coordinator.app.lease_ttl = Duration::from_millis(500);
        coordinator.create(study_spec("study", 1, 1)).await;
        let worker = coordinator.worker(1).await;
        let grant = coordinator.claim(&worker).await.unwrap();
        let (studies, store) = (coordinator.app.studies.clone(), coordinator.app.store.clone());
        let stop = CancellationToken::new();
        // A feed that nobody feeds: no change wakes upkeep.
        let upkeep = tokio::spawn(run(studies, store, Feed::new(), coordinator.app.lease_ttl, stop.clone()));
        let noticed = async {
            while coordinator.detail(grant.run_id).await.attempts[0].state != AttemptState::Lost {
                sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(Duration::from_secs(30), noticed).await.expect("it is noticed");
        stop.cancel();
        upkeep.await.unwrap();
    }
}
