//! A coordinator's life: connect, migrate, serve, drain.

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use object_store::local::LocalFileSystem;
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, oneshot};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::access::rate::{Peer, Rate};
use crate::access::secret;
use crate::app::App;
use crate::config::Config;
use crate::db::OpenError;
use crate::durable::Durability;
use crate::events::Feed;
use crate::study::studies::Studies;
use crate::tasks::Tasks;
use crate::tls::{self, TlsError};
use crate::{dashboard, db, events, meter, reconcile, router, wall};

/// How long open requests may take to end once the coordinator takes no new ones.
const DRAIN: Duration = Duration::from_secs(10);
/// How long upkeep and connections to the database may take to end after that. A database that does not answer must not
/// keep the process from ending.
const CLOSING: Duration = Duration::from_secs(5);

/// Why a coordinator could not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The database could not be opened.
    #[error(transparent)]
    Database(#[from] OpenError),
    /// The artifact folder cannot be used.
    #[error("the artifact folder {} cannot be used", .folder.display())]
    Artifacts {
        /// The folder.
        folder: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The artifact folder cannot be opened as a store.
    #[error("the artifact folder cannot be opened as a store")]
    Store(#[from] object_store::Error),
    /// Certificate or key cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The address is taken or not ours.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The HTTP server failed.
    #[error("the HTTP server failed")]
    Http(#[source] std::io::Error),
}

/// Runs a coordinator until `shutdown` resolves. Sends the address through `ready` once it listens.
///
/// # Errors
/// When it cannot start; see [`ServeError`]. A database that goes away later is waited for.
pub async fn serve(
    config: Config,
    ready: oneshot::Sender<SocketAddr>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    // A wrong configuration is reported before anything is waited for.
    let acceptor = config.tls.as_ref().map(tls::acceptor).transpose()?;
    let stop = CancellationToken::new();
    let signal = stop.clone();
    // Watched from the start, so that a coordinator that still waits for its database can be stopped.
    tokio::spawn(async move {
        shutdown.await;
        signal.cancel();
    });
    let app = match stop.run_until_cancelled(open(&config, stop.clone())).await {
        Some(app) => app?,
        None => return Ok(()),
    };
    let listener = TcpListener::bind(config.listen)
        .await
        .map_err(|source| ServeError::Listen { address: config.listen, source })?;
    let address = listener.local_addr().map_err(ServeError::Http)?;
    wall::log_panics();
    let tasks = start_tasks(&app, &stop);
    tracing::info!(%address, "the coordinator listens");
    // A caller that does not need the address has dropped the receiver.
    let _ = ready.send(address);
    let pool = app.pool.clone();
    let result = match acceptor {
        Some(acceptor) => drain(tls::listener(acceptor, listener), app, config.linger, stop.clone()).await,
        None => drain(listener, app, config.linger, stop.clone()).await,
    };
    stop.cancel();
    if timeout(CLOSING, close(tasks, pool)).await.is_err() {
        tracing::warn!("the database does not answer; its connections are cut off");
    }
    result
}

/// Starts what serves everybody beside the requests.
fn start_tasks(app: &App, stop: &CancellationToken) -> TaskTracker {
    let tracker = TaskTracker::new();
    let (tasks, lease_ttl) = (&app.tasks, app.lease_ttl);
    meter::handle();
    let ending = stop.clone();
    tasks.spawn(&tracker, "the meter", stop.clone(), move || meter::fold(ending.clone()));
    let (pool, feed, ending) = (app.pool.clone(), app.feed.clone(), stop.clone());
    tasks.spawn(&tracker, "the listener for changes", stop.clone(), move || {
        events::listener::run(pool.clone(), feed.clone(), ending.clone())
    });
    let (pool, durable, store, ending) =
        (app.pool.clone(), app.durable.clone(), app.store.clone(), stop.clone());
    tasks.spawn(&tracker, "the sweep of the artifact store", stop.clone(), move || {
        reconcile::sweep_artifacts::run(pool.clone(), durable.clone(), store.clone(), ending.clone())
    });
    let (studies, store, feed, ending) =
        (app.studies.clone(), app.store.clone(), app.feed.clone(), stop.clone());
    tasks.spawn(&tracker, "upkeep", stop.clone(), move || {
        reconcile::driver::run(studies.clone(), store.clone(), feed.clone(), lease_ttl, ending.clone())
    });
    tracker.close();
    tracker
}

async fn close(tasks: TaskTracker, pool: PgPool) {
    tasks.wait().await;
    pool.close().await;
}

async fn open(config: &Config, shutdown: CancellationToken) -> Result<App, ServeError> {
    std::fs::create_dir_all(&config.artifacts)
        .map_err(|source| ServeError::Artifacts { folder: config.artifacts.clone(), source })?;
    let store = LocalFileSystem::new_with_prefix(&config.artifacts)?.with_fsync(true);
    let database = db::open(&config.database_url).await?;
    Ok(App {
        studies: Studies::new(database.pool.clone()),
        pool: database.pool,
        durable: Durability::start(database.synchronous),
        admission: Arc::new(Semaphore::new(db::ADMITTED)),
        store: Arc::new(store),
        lease_ttl: config.lease_ttl,
        token: config.token.as_ref().map(|token| secret::hash(token.expose())),
        anonymous: config.anonymous,
        rate: Arc::new(Rate::new(config.requests_per_second)),
        encrypted: config.tls.is_some(),
        largest_artifact: config.largest_artifact,
        dashboard: dashboard::Source::new(config.ui_dir.clone()),
        feed: Feed::new(),
        tasks: Tasks::default(),
        shutdown,
    })
}

/// Serves until told to stop. Then requests that wait are answered, and new ones are still taken for a while, because
/// their callers cannot know yet. After that, open requests get some time to end.
async fn drain<L>(listener: L, app: App, linger: Duration, stop: CancellationToken) -> Result<(), ServeError>
where
    L: Listener<Addr = SocketAddr>,
    Peer: for<'a> Connected<IncomingStream<'a, L>>,
{
    let closing = CancellationToken::new();
    let service = router::router(app).into_make_service_with_connect_info::<Peer>();
    let server = axum::serve(listener, service)
        .with_graceful_shutdown(closing.clone().cancelled_owned())
        .into_future();
    tokio::select! {
        result = server => result.map_err(ServeError::Http),
        () = overdue(stop, linger, closing) => {
            tracing::warn!("some requests did not end in time and were cut off");
            Ok(())
        }
    }
}

/// Lets the server linger once it was told to stop, then closes it. Returns when open requests have had their time.
async fn overdue(stop: CancellationToken, linger: Duration, closing: CancellationToken) {
    stop.cancelled().await;
    tracing::info!(linger_seconds = linger.as_secs_f64(), "stopping: requests under way are answered");
    sleep(linger).await;
    closing.cancel();
    sleep(DRAIN).await;
}
