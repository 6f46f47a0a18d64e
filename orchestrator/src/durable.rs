//! Durability before acknowledgement: transactions commit without waiting for the disk, and a write is answered only
//! when a flush of the database's log that began after it has ended.
//!
//! The log is sequential: one flush covers every transaction that committed before it, of whichever request, so that
//! a hundred requests wait for the disk once, and no lock is held meanwhile. What a crash of the database takes back,
//! nobody has been told. Must not know what the writes say.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use metrics::histogram;
use sqlx::PgPool;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout};

use crate::error::{ApiError, ApiResult};

/// Requests that one flush takes along.
const MOST: usize = 4096;

/// What a flush may take: a database whose host has vanished never answers, and everybody waits behind this.
const LONGEST: Duration = Duration::from_secs(10);

/// The way to the one task that flushes.
#[derive(Debug, Clone)]
pub(crate) struct Durability {
    waiting: mpsc::UnboundedSender<oneshot::Sender<bool>>,
}

impl Durability {
    /// Starts the task. The pool's connections must commit synchronously.
    pub(crate) fn start(synchronous: PgPool) -> Self {
        let (waiting, requests) = mpsc::unbounded_channel();
        tokio::spawn(flush(synchronous, requests));
        Self { waiting }
    }

    /// Returns when everything that has committed by now is on disk.
    pub(crate) async fn flushed(&self) -> ApiResult<()> {
        let (told, flushed) = oneshot::channel();
        // The task ends with the process alone.
        let _ = self.waiting.send(told);
        if flushed.await.unwrap_or(false) { Ok(()) } else { Err(ApiError::Unflushed) }
    }
}

/// One flush after the other while somebody waits; each answers those who were there when it began.
async fn flush(pool: PgPool, mut requests: mpsc::UnboundedReceiver<oneshot::Sender<bool>>) {
    let mut waiting = Vec::new();
    while requests.recv_many(&mut waiting, MOST).await > 0 {
        let began = Instant::now();
        // A transaction that wrote nothing would commit without a flush; this one writes a few bytes into the log.
        let flushing = sqlx::query("SELECT pg_logical_emit_message(true, 'pedigree', '')").execute(&pool);
        let done = timeout(LONGEST, flushing).await.unwrap_or(Err(sqlx::Error::PoolTimedOut));
        histogram!("pedigree_flush_duration_seconds").record(began.elapsed());
        if let Err(error) = &done {
            tracing::debug!(error = error as &dyn std::error::Error, "the log could not be flushed");
        }
        for told in waiting.drain(..) {
            // Whoever left meanwhile needs no answer.
            let _ = told.send(done.is_ok());
        }
    }
}

/// On an answer that has waited for the disk itself, while there was other work.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Flushed;

/// Holds the answer to a write back until it is durable. A GET that writes must wait by itself.
pub(crate) async fn before_answer(
    State(durability): State<Durability>,
    request: Request,
    next: Next,
) -> ApiResult<Response> {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let response = next.run(request).await;
    let failed = response.status().is_client_error() || response.status().is_server_error();
    if !reads && !failed && response.extensions().get::<Flushed>().is_none() {
        durability.flushed().await?;
    }
    Ok(response)
}
