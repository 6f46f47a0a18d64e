//! Sends a growing log file to the coordinator in slices by byte offset. What was not acknowledged is read from the file
//! again.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use pedigree_protocol::lease::AttemptWrite;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt, SeekFrom};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use crate::lease_keeper::{Delivery, Lease};

/// The longest slice, bytes.
const SLICE: u64 = 8 * 1024;
/// How often the file is looked at while it grows slowly.
const PERIOD: Duration = Duration::from_secs(1);

/// The forwarder of one attempt's log.
#[derive(Debug)]
pub(crate) struct LogForwarder {
    complete: CancellationToken,
    task: AbortOnDropHandle<()>,
}

impl LogForwarder {
    /// Forwards the file from its beginning.
    pub(crate) fn start(lease: Arc<Lease>, file: PathBuf) -> Self {
        let complete = CancellationToken::new();
        let task =
            AbortOnDropHandle::new(tokio::spawn(forward(lease, file, complete.clone()).in_current_span()));
        Self { complete, task }
    }

    /// The file grows no more: returns when all of it was delivered, or the lease is lost.
    pub(crate) async fn finish(self) {
        self.complete.cancel();
        if let Err(panic) = self.task.await {
            tracing::error!(%panic, "the log's forwarder died");
        }
    }
}

async fn forward(lease: Arc<Lease>, file: PathBuf, complete: CancellationToken) {
    let mut offset = 0;
    loop {
        // Asked before reading: if it is complete now, the next read sees all of it.
        let is_complete = complete.is_cancelled();
        let slice = match read_slice(&file, offset, is_complete).await {
            Ok(slice) => slice,
            Err(error) => {
                tracing::warn!(%error, path = %file.display(), "the trainer's log cannot be read");
                return;
            }
        };
        if slice.is_empty() && is_complete {
            return;
        }
        if !slice.is_empty() {
            let read = slice.len() as u64;
            match lease.deliver(&AttemptWrite::Log { offset: offset.cast_signed(), text: slice }).await {
                Delivery::Accepted => offset += read,
                Delivery::Lost => return,
                Delivery::Refused(error) => {
                    tracing::error!(%error, "the coordinator refuses the log");
                    return;
                }
            }
            if read > SLICE / 2 {
                continue;
            }
        }
        tokio::select! {
            () = complete.cancelled() => {}
            () = sleep(PERIOD) => {}
        }
    }
}

/// The end of a log file, for a sentence that quotes it; empty where there is none.
pub(crate) async fn tail(file: &Path) -> String {
    let length = tokio::fs::metadata(file).await.map_or(0, |file| file.len());
    read_slice(file, length.saturating_sub(SLICE), true).await.unwrap_or_default()
}

async fn read_slice(file: &Path, offset: u64, is_complete: bool) -> io::Result<String> {
    let mut file = File::open(file).await?;
    file.seek(SeekFrom::Start(offset)).await?;
    let mut bytes = Vec::new();
    file.take(SLICE).read_to_end(&mut bytes).await?;
    Ok(text_of(bytes, is_complete))
}

/// The bytes that form whole characters, as text of the same length, because offsets count bytes of the file. Bytes that
/// are no UTF-8, and zeros (which Postgres cannot store), become `?`; a character whose rest is yet to come waits.
fn text_of(mut bytes: Vec<u8>, is_complete: bool) -> String {
    let mut checked = 0;
    while let Err(fault) = std::str::from_utf8(&bytes[checked..]) {
        let start = checked + fault.valid_up_to();
        let end = match fault.error_len() {
            Some(length) => start + length,
            None if is_complete => bytes.len(),
            None => {
                bytes.truncate(start);
                break;
            }
        };
        bytes[start..end].fill(b'?');
        checked = end;
    }
    for byte in &mut bytes {
        if *byte == 0 {
            *byte = b'?';
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_character_waits_for_its_rest() {
        let text = "loss → 0.1";
        for cut in 0..=text.len() {
            let first = text_of(text.as_bytes()[..cut].to_vec(), false);
            assert!(text.starts_with(&first) && cut - first.len() < 3, "{cut}: {first:?}");
            let rest = text_of(text.as_bytes()[first.len()..].to_vec(), true);
            assert_eq!(first + &rest, text);
        }
    }

    #[test]
    fn the_length_is_that_of_the_file() {
        for bytes in [&b"a\xffb"[..], b"a\xe2\x86", b"\0\0", b"\xe2\x28\xa1x"] {
            assert_eq!(text_of(bytes.to_vec(), true).len(), bytes.len(), "{bytes:?}");
        }
        assert_eq!(text_of(b"a\xffb\0".to_vec(), false), "a?b?");
    }
}
