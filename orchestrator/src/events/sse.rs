//! The stream of changes to one browser: first the changes that it missed, then new ones, a few times a second.

use std::collections::HashMap;
use std::convert::Infallible;
use std::time::Duration;

use axum::response::sse::Event;
use futures::Stream;
use pedigree_protocol::event::{Change, Topic};
use pedigree_protocol::{QueueId, RunId};
use sqlx::PgPool;
use tokio::sync::{broadcast, mpsc};
use tokio::time::{Instant, sleep_until};
use tokio_stream::wrappers::ReceiverStream;

use crate::app::App;
use crate::events::{OVERLAP, Signal};

/// A comment keeps proxies from closing a quiet stream.
pub(crate) const PING: Duration = Duration::from_secs(15);
/// At most four bursts a second.
const BURST: Duration = Duration::from_millis(250);
/// How long a browser waits before it connects again.
const RECONNECT: Duration = Duration::from_secs(2);
/// The most missed changes that are replayed one by one.
const MOST_REPLAYED: i64 = 1000;

/// The stream; it ends when the browser leaves or the coordinator stops.
pub(crate) fn stream(app: App, last_seen: Option<i64>) -> impl Stream<Item = Result<Event, Infallible>> {
    let (sender, receiver) = mpsc::channel(64);
    let shutdown = app.shutdown.clone();
    // Subscribed before anything is read, so that no change is missed in between.
    let signals = app.feed.subscribe();
    tokio::spawn(async move {
        let pump = Pump { sender, pending: Pending::default() };
        // A browser that left needs no goodbye.
        let _ = shutdown.run_until_cancelled(pump.run(&app.pool, signals, last_seen)).await;
    });
    ReceiverStream::new(receiver)
}

/// The browser has left.
struct Gone;

struct Pump {
    sender: mpsc::Sender<Result<Event, Infallible>>,
    pending: Pending,
}

impl Pump {
    async fn run(
        mut self,
        pool: &PgPool,
        mut signals: broadcast::Receiver<Signal>,
        last_seen: Option<i64>,
    ) -> Result<(), Gone> {
        self.send(Event::default().retry(RECONNECT).comment("changes follow")).await?;
        if let Some(last_seen) = last_seen {
            self.replay(pool, last_seen).await?;
        }
        let mut next_burst = Instant::now();
        loop {
            tokio::select! {
                signal = signals.recv() => match signal {
                    Ok(Signal::Change(change)) => self.pending.add(change),
                    Ok(Signal::Resync) | Err(broadcast::error::RecvError::Lagged(_)) => self.resync().await?,
                    Err(broadcast::error::RecvError::Closed) => return Ok(()),
                },
                () = sleep_until(next_burst), if !self.pending.is_empty() => {
                    self.flush().await?;
                    next_burst = Instant::now() + BURST;
                }
                () = self.sender.closed() => return Err(Gone),
            }
        }
    }

    /// Sends the changes since a revision, or asks the browser to read everything again.
    async fn replay(&mut self, pool: &PgPool, last_seen: i64) -> Result<(), Gone> {
        match missed(pool, last_seen).await {
            Ok(Some(changes)) => {
                changes.into_iter().for_each(|change| self.pending.add(change));
                self.flush().await
            }
            Ok(None) | Err(_) => self.resync().await,
        }
    }

    async fn flush(&mut self) -> Result<(), Gone> {
        for change in self.pending.take() {
            let event = Event::default().event("change").id(change.revision.to_string());
            if let Ok(event) = event.json_data(&change) {
                self.send(event).await?;
            }
        }
        Ok(())
    }

    async fn resync(&mut self) -> Result<(), Gone> {
        self.pending.take();
        self.send(Event::default().event("resync").data("{}")).await
    }

    async fn send(&self, event: Event) -> Result<(), Gone> {
        self.sender.send(Ok(event)).await.map_err(|_| Gone)
    }
}

/// Changes not yet sent: the last one of each thing.
#[derive(Debug, Default)]
struct Pending(HashMap<(Topic, Option<QueueId>, Option<RunId>), Change>);

impl Pending {
    fn add(&mut self, change: Change) {
        self.0.insert((change.topic, change.queue_id, change.run_id), change);
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn take(&mut self) -> Vec<Change> {
        let mut changes: Vec<Change> = self.0.drain().map(|(_, change)| change).collect();
        changes.sort_by_key(|change| change.revision);
        changes
    }
}

/// The changes after a revision. `None`: there are too many, or some were deleted.
async fn missed(pool: &PgPool, last_seen: i64) -> Result<Option<Vec<Change>>, sqlx::Error> {
    let oldest = sqlx::query_scalar!("SELECT min(revision) FROM events").fetch_one(pool).await?;
    if oldest.is_some_and(|oldest| oldest > last_seen + 1) {
        return Ok(None);
    }
    let select = sqlx::query!(
        r#"SELECT revision, topic AS "topic: Topic", queue_id, run_id FROM events
           WHERE revision > $1 ORDER BY revision LIMIT $2"#,
        last_seen - OVERLAP,
        MOST_REPLAYED + OVERLAP + 1,
    );
    let rows = select.fetch_all(pool).await?;
    if i64::try_from(rows.len()).is_ok_and(|missed| missed > MOST_REPLAYED + OVERLAP) {
        return Ok(None);
    }
    let change = |revision, topic, entry: Option<_>, run: Option<_>| Change {
        revision,
        topic,
        queue_id: entry.map(QueueId),
        run_id: run.map(RunId),
    };
    Ok(Some(rows.into_iter().map(|row| change(row.revision, row.topic, row.queue_id, row.run_id)).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_change_of_each_thing_is_told_in_order() {
        let run = RunId::new();
        let change = |revision, topic, run_id| Change { revision, topic, queue_id: None, run_id };
        let mut pending = Pending::default();
        pending.add(change(1, Topic::Run, Some(run)));
        pending.add(change(2, Topic::Fleet, None));
        pending.add(change(3, Topic::Run, Some(run)));
        let told: Vec<i64> = pending.take().iter().map(|change| change.revision).collect();
        assert_eq!(told, [2, 3]);
        assert!(pending.is_empty());
    }
}
