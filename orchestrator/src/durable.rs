//! Durability before acknowledgement. Transactions commit without waiting for the disk. A write is answered only after
//! a flush of the database's log that began after its commit.
//!
//! The log is sequential: one flush covers every transaction that committed before it. A hundred requests therefore
//! wait for the disk once, and hold no lock meanwhile. A crash of the database may lose a commit, but never one that
//! was answered. Must not know what the writes say.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use metrics::histogram;
use sqlx::pool::PoolConnection;
use sqlx::{Connection as _, PgPool, Postgres};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout};

use crate::error::{ApiError, ApiResult};

/// The most requests that one flush answers.
const MOST: usize = 4096;

/// How long a flush may take. A database whose host has vanished never answers, and every write waits for the flush.
const LONGEST: Duration = Duration::from_secs(10);

/// How long nobody has waited when the connection is looked at.
const IDLE: Duration = Duration::from_secs(1);

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

    /// Returns when every transaction that has committed by now is on disk.
    pub(crate) async fn flushed(&self) -> ApiResult<()> {
        let (told, flushed) = oneshot::channel();
        // The task ends only with the process.
        let _ = self.waiting.send(told);
        if flushed.await.unwrap_or(false) { Ok(()) } else { Err(ApiError::Unflushed) }
    }
}

/// Flushes again and again while requests wait. Each flush answers the requests that waited when it began.
///
/// One connection is kept for all flushes. After a crash of the database a new connection could only flush what the crash
/// has left: requests that wait when the connection is found broken learn that their writes may be lost.
async fn flush(pool: PgPool, mut requests: mpsc::UnboundedReceiver<oneshot::Sender<bool>>) {
    let mut waiting = Vec::new();
    let mut kept = pool.acquire().await.ok();
    loop {
        match timeout(IDLE, requests.recv_many(&mut waiting, MOST)).await {
            Ok(0) => return,
            Ok(_) => {}
            // Nobody waits: a connection that broke meanwhile is replaced before somebody does.
            Err(_) => {
                kept = alive(kept).await;
                if kept.is_none() {
                    kept = pool.acquire().await.ok();
                }
                continue;
            }
        }
        let began = Instant::now();
        kept = flush_once(kept).await;
        histogram!("pedigree_flush_duration_seconds").record(began.elapsed());
        for told in waiting.drain(..) {
            // A request that was dropped meanwhile needs no answer.
            let _ = told.send(kept.is_some());
        }
        if kept.is_none() {
            kept = pool.acquire().await.ok();
        }
    }
}

/// Flushes the log; the connection is given back only if that succeeded.
async fn flush_once(kept: Option<PoolConnection<Postgres>>) -> Option<PoolConnection<Postgres>> {
    let mut db = kept?;
    // A transaction that wrote nothing would commit without a flush; this one writes a few bytes into the log.
    let flushing = sqlx::query("SELECT pg_logical_emit_message(true, 'pedigree', '')").execute(&mut *db);
    let done = timeout(LONGEST, flushing).await.unwrap_or(Err(sqlx::Error::PoolTimedOut));
    match done {
        Ok(_) => Some(db),
        Err(error) => {
            tracing::debug!(error = &error as &dyn std::error::Error, "the log could not be flushed");
            // What is left of it must not serve the next flush.
            drop(db.detach());
            None
        }
    }
}

/// The connection, if it still is one.
async fn alive(kept: Option<PoolConnection<Postgres>>) -> Option<PoolConnection<Postgres>> {
    let mut db = kept?;
    match timeout(LONGEST, db.ping()).await {
        Ok(Ok(())) => Some(db),
        _ => {
            drop(db.detach());
            None
        }
    }
}

/// Marks an answer whose handler has already waited for the flush.
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

#[cfg(test)]
mod tests {
    use sqlx::postgres::PgPoolOptions;

    use super::*;

    /// Over a new connection a flush would succeed, and say nothing about what was committed before the crash.
    #[sqlx::test(migrations = false)]
    async fn who_waits_when_the_flushing_connection_breaks_is_not_told_that_all_is_well(pool: PgPool) {
        let options = pool.connect_options().as_ref().clone().application_name("flushing");
        let durability =
            Durability::start(PgPoolOptions::new().max_connections(1).connect_lazy_with(options));
        let terminate = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
            WHERE application_name = 'flushing' AND datname = current_database()";
        let mut told = Vec::new();
        // Between two looks of a second each the connection may have been replaced already: that is no failure.
        for _ in 0..5 {
            durability.flushed().await.ok();
            sqlx::query(terminate).execute(&pool).await.unwrap();
            told.push(durability.flushed().await.is_ok());
        }
        assert!(told.contains(&false), "{told:?}");
        durability.flushed().await.ok();
        durability.flushed().await.unwrap();
    }
}
