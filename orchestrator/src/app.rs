//! The parts that a handler can reach. Must not know the routes, which are in `router`.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRef;
use object_store::local::LocalFileSystem;
use pedigree_protocol::access::Role;
use sqlx::PgPool;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_util::sync::CancellationToken;

use crate::access::rate::Rate;
use crate::access::secret::Hash;
use crate::dashboard;
use crate::durable::Durability;
use crate::error::{ApiError, ApiResult};
use crate::events::Feed;
use crate::study::studies::Studies;
use crate::tasks::Tasks;

/// The parts that a handler can reach. A restart loses only caches.
#[derive(Debug, Clone)]
pub(crate) struct App {
    /// The database. Its transactions do not wait for the disk: see [`crate::durable`].
    pub(crate) pool: PgPool,
    /// What moves studies on, with its caches.
    pub(crate) studies: Studies,
    /// The flush that the answer to a write waits for.
    pub(crate) durable: Durability,
    /// The artifact store: contents by hash.
    pub(crate) store: Arc<LocalFileSystem>,
    /// How long a lease lasts unless renewed.
    pub(crate) lease_ttl: Duration,
    /// Hash of the coordinator's own token, which may do everything.
    pub(crate) token: Option<Hash>,
    /// What a caller without any credentials may do.
    pub(crate) anonymous: Option<Role>,
    /// How often each caller may ask.
    pub(crate) rate: Arc<Rate>,
    /// Whether this coordinator serves `https`.
    pub(crate) encrypted: bool,
    /// The largest artifact that is accepted, bytes.
    pub(crate) largest_artifact: u64,
    /// The dashboard.
    pub(crate) dashboard: dashboard::Source,
    /// Permits for claims and writes of workers: fewer than there are connections. A whole fleet that comes at once
    /// waits here in order, and does not run into the pool's time-out.
    pub(crate) admission: Arc<Semaphore>,
    /// Changes and wake-ups that the database announces.
    pub(crate) feed: Feed,
    /// The tasks beside the requests, and which of them has fallen.
    pub(crate) tasks: Tasks,
    /// Cancelled when the coordinator stops: requests that are held open are then answered.
    pub(crate) shutdown: CancellationToken,
}

impl App {
    /// Waits until a worker's request may use the database, which it may while it holds the permit.
    pub(crate) async fn admit(&self) -> ApiResult<SemaphorePermit<'_>> {
        self.admission.acquire().await.map_err(|closed| ApiError::Broken(closed.to_string()))
    }

    /// The length of a lease in whole milliseconds.
    pub(crate) fn lease_ttl_ms(&self) -> u32 {
        u32::try_from(self.lease_ttl.as_millis()).unwrap_or(u32::MAX)
    }
}

impl FromRef<App> for dashboard::Source {
    fn from_ref(app: &App) -> Self {
        app.dashboard.clone()
    }
}
