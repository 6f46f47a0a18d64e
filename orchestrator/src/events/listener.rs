//! The one connection that listens to the database.

use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::{PgListener, PgNotification};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::events::{Feed, Signal};

const CHANGES: &str = "pedigree_changes";
const WORK: &str = "pedigree_work";
const RETRY: Duration = Duration::from_millis(500);
/// After this long without a notification the connection is tested: a host that vanished is as silent as a quiet
/// database.
const QUIET: Duration = Duration::from_secs(15);
const ANSWER: Duration = Duration::from_secs(5);

/// Listens until told to stop. After an outage it listens again, and says that changes may have been missed.
pub(crate) async fn run(pool: PgPool, feed: Feed, stop: CancellationToken) {
    stop.run_until_cancelled(async {
        loop {
            let error = listen(&pool, &feed).await;
            tracing::debug!(error = &error as &dyn std::error::Error, "the listener lost the database");
            tokio::time::sleep(RETRY).await;
        }
    })
    .await;
}

async fn listen(pool: &PgPool, feed: &Feed) -> sqlx::Error {
    let mut listener = match connect(pool).await {
        Ok(listener) => listener,
        Err(error) => return error,
    };
    missed(feed);
    loop {
        match timeout(QUIET, listener.try_recv()).await {
            Ok(Ok(Some(notification))) => pass_on(feed, &notification),
            // The connection broke; the next call makes another.
            Ok(Ok(None)) => missed(feed),
            Ok(Err(error)) => return error,
            Err(_) => match timeout(ANSWER, sqlx::query("SELECT 1").execute(&mut listener)).await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => return error,
                Err(_) => return sqlx::Error::PoolTimedOut,
            },
        }
    }
}

async fn connect(pool: &PgPool) -> Result<PgListener, sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen_all([CHANGES, WORK]).await?;
    Ok(listener)
}

fn missed(feed: &Feed) {
    feed.tell(Signal::Resync);
    feed.wake_claims();
}

fn pass_on(feed: &Feed, notification: &PgNotification) {
    if notification.channel() == WORK {
        return feed.wake_claim();
    }
    match serde_json::from_str(notification.payload()) {
        Ok(change) => feed.tell(Signal::Change(change)),
        Err(error) => {
            tracing::warn!(%error, payload = notification.payload(), "a change cannot be read");
            feed.tell(Signal::Resync);
        }
    }
}
