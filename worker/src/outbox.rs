//! What an attempt has to tell while it runs, in order, each told until it is answered.
//!
//! Entries are kept on disk before they are sent. Must not know what they say.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use pedigree_protocol::lease::AttemptWrite;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use crate::lease_keeper::{Delivery, Lease};

/// The outbox of one attempt.
#[derive(Debug)]
pub(crate) struct Outbox {
    file: std::fs::File,
    waiting: mpsc::UnboundedSender<AttemptWrite>,
    sender: AbortOnDropHandle<()>,
}

impl Outbox {
    /// An empty outbox, kept in `file`.
    pub(crate) fn open(lease: Arc<Lease>, file: &Path) -> io::Result<Self> {
        let file = std::fs::File::create(file)?;
        let (waiting, entries) = mpsc::unbounded_channel();
        let sender = AbortOnDropHandle::new(tokio::spawn(send(lease, entries).in_current_span()));
        Ok(Self { file, waiting, sender })
    }

    /// Adds an entry.
    pub(crate) fn push(&mut self, write: AttemptWrite) -> io::Result<()> {
        let mut line = serde_json::to_vec(&write)?;
        line.push(b'\n');
        self.file.write_all(&line)?;
        // Fails only when the sender has given up because the lease is lost; then there is nobody to tell.
        let _lost = self.waiting.send(write);
        Ok(())
    }

    /// Returns when everything was delivered, or the lease is lost.
    pub(crate) async fn finish(self) {
        drop(self.waiting);
        if let Err(panic) = self.sender.await {
            tracing::error!(%panic, "the outbox's sender died");
        }
    }
}

async fn send(lease: Arc<Lease>, mut entries: mpsc::UnboundedReceiver<AttemptWrite>) {
    while let Some(write) = entries.recv().await {
        match lease.deliver(&write).await {
            Delivery::Accepted => {}
            Delivery::Lost => return,
            // Later entries may still be wanted.
            Delivery::Refused(error) => tracing::error!(%error, ?write, "the coordinator refuses a report"),
        }
    }
}
