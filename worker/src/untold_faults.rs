//! Faults of GPUs that the coordinator has not heard of yet, kept on disk for the next worker in the same folder.
//!
//! Must not know what a fault means.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use crate::kept_file;

/// Why each of these GPUs cannot be used, by UUID.
#[derive(Debug)]
pub(crate) struct UntoldFaults {
    file: PathBuf,
    sentences: Mutex<BTreeMap<String, String>>,
}

impl UntoldFaults {
    /// What is kept in `file`.
    pub(crate) fn open(file: PathBuf) -> Self {
        Self { sentences: Mutex::new(kept_file::read(&file).unwrap_or_default()), file }
    }

    /// All of them.
    pub(crate) fn all(&self) -> BTreeMap<String, String> {
        self.sentences.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Adds one.
    pub(crate) fn keep(&self, uuid: &str, sentence: &str) {
        self.change(|sentences| {
            sentences.insert(uuid.to_owned(), sentence.to_owned());
        });
    }

    /// The coordinator has heard of these.
    pub(crate) fn forget<'a>(&self, uuids: impl IntoIterator<Item = &'a String>) {
        self.change(|sentences| uuids.into_iter().for_each(|uuid| drop(sentences.remove(uuid))));
    }

    fn change(&self, change: impl FnOnce(&mut BTreeMap<String, String>)) {
        let mut sentences = self.sentences.lock().unwrap_or_else(PoisonError::into_inner);
        let before = sentences.clone();
        change(&mut sentences);
        if *sentences != before
            && let Err(error) = self.write(&sentences)
        {
            tracing::warn!(%error, "which GPUs have failed cannot be kept on disk");
        }
    }

    fn write(&self, sentences: &BTreeMap<String, String>) -> io::Result<()> {
        kept_file::write(&self.file, sentences)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_told_is_found_by_the_next_worker() {
        let folder = tempfile::tempdir().unwrap();
        let open = || UntoldFaults::open(folder.path().join("unfit.json"));
        let first = open();
        assert!(first.all().is_empty());
        first.keep("GPU-1", "XID 79");
        first.keep("GPU-2", "XID 48");
        first.forget([&"GPU-2".to_owned()]);
        assert_eq!(open().all(), BTreeMap::from([("GPU-1".to_owned(), "XID 79".to_owned())]));
    }
}
