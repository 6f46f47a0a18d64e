//! The writes of a running attempt, sent in order, each until it is answered.
//!
//! Entries are on disk before they are sent, so that they outlive the worker. Sending one twice changes nothing. Must
//! not know what they say.

use std::io::{self, BufRead as _, BufReader, Write as _};
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
        self.file.sync_data()?;
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

/// The entries of an outbox whose worker is gone. A last entry that is only half written was never sent.
pub(crate) fn entries(file: &Path) -> io::Result<Vec<AttemptWrite>> {
    let lines = BufReader::new(std::fs::File::open(file)?).lines();
    Ok(lines.map_while(Result::ok).map_while(|line| serde_json::from_str(&line).ok()).collect())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_is_read_back_up_to_a_torn_end() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("outbox.jsonl");
        let log = AttemptWrite::Log { offset: 3, text: "a line\n".into() };
        let kept = [AttemptWrite::Start, log, AttemptWrite::Renew];
        let lines: Vec<String> = kept.iter().map(|write| serde_json::to_string(write).unwrap()).collect();
        std::fs::write(&file, lines.join("\n")).unwrap();
        assert_eq!(entries(&file).unwrap(), kept);
        let torn = lines.join("\n");
        std::fs::write(&file, &torn[..torn.len() - 3]).unwrap();
        assert_eq!(entries(&file).unwrap(), kept[..2]);
    }
}
