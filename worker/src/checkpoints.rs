//! Carries the trainer's progress to the coordinator, so that the run's next attempt, here or elsewhere, goes on from it.
//!
//! The trainer replaces the file in one step, so that whatever is read is whole. Must not know what is in it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::time::{sleep, timeout};
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use crate::lease_keeper::Lease;
use crate::retry::transfer_limit;

/// The pause from one upload to the next. A killed worker costs at most this and the trainer's own pause.
const PERIOD: Duration = Duration::from_secs(20);
/// How often the file is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// Tells a file from the one that replaced it: by its modification time and size.
type Seen = Option<(SystemTime, u64)>;

/// The carrier of one attempt's checkpoints.
#[derive(Debug)]
pub(crate) struct Checkpoints {
    lease: Arc<Lease>,
    file: PathBuf,
    stored: Arc<tokio::sync::Mutex<Seen>>,
    _task: AbortOnDropHandle<()>,
}

impl Checkpoints {
    /// Carries what comes to lie at `file`. What lies there now came from the coordinator.
    pub(crate) fn start(lease: Arc<Lease>, file: PathBuf) -> Self {
        let stored = Arc::new(tokio::sync::Mutex::new(seen(&file)));
        let task = carry(Arc::clone(&lease), file.clone(), Arc::clone(&stored));
        let task = AbortOnDropHandle::new(tokio::spawn(task.in_current_span()));
        Self { lease, file, stored, _task: task }
    }

    /// Stores what the trainer left, if that is newer than what is stored. Without success the next attempt goes on
    /// from an older one.
    pub(crate) async fn finish(self) {
        if let Err(error) = store(&self.lease, &self.file, &self.stored).await {
            tracing::warn!(error, "the trainer's last checkpoint was not stored");
        }
    }
}

async fn carry(lease: Arc<Lease>, file: PathBuf, stored: Arc<tokio::sync::Mutex<Seen>>) {
    loop {
        sleep(LOOK).await;
        match store(&lease, &file, &stored).await {
            Ok(true) => sleep(PERIOD).await,
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(error, "a checkpoint was not stored; a later one will be");
                sleep(PERIOD).await;
            }
        }
    }
}

/// Stores the file if it is new; tells whether it was. One upload at a time.
async fn store(lease: &Lease, file: &Path, stored: &tokio::sync::Mutex<Seen>) -> Result<bool, String> {
    let mut stored = stored.lock().await;
    let now = seen(file);
    if now.is_none() || now == *stored {
        return Ok(false);
    }
    let content = match tokio::fs::read(file).await {
        Ok(content) => content,
        // A trainer that is done removes it.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error.to_string()),
    };
    let bytes = content.len();
    let storing = lease.store_checkpoint(content.into());
    match timeout(transfer_limit(bytes as u64), storing).await {
        Ok(done) => done.map_err(|error| error.to_string())?,
        Err(_) => return Err("the coordinator did not answer in time".to_owned()),
    }
    tracing::debug!(bytes, "a checkpoint was stored");
    *stored = now;
    Ok(true)
}

fn seen(file: &Path) -> Seen {
    let file = std::fs::metadata(file).ok()?;
    Some((file.modified().ok()?, file.len()))
}
