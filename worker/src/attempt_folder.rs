//! Where things lie: the worker's folder, held by one worker at a time, and the folder of one attempt.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use pedigree_protocol::lease::LeaseGrant;

use crate::WorkerError;

/// The worker's folder, locked until this is dropped.
#[derive(Debug)]
pub(crate) struct WorkerFolder {
    attempts: PathBuf,
    _lock: File,
}

impl WorkerFolder {
    /// Takes the folder for this worker and removes the attempts that an earlier one left: their leases died with it.
    pub(crate) fn open(folder: &Path) -> Result<Self, WorkerError> {
        let unusable = |source| WorkerError::Folder { path: folder.to_owned(), source };
        std::fs::create_dir_all(folder).map_err(unusable)?;
        let lock = File::create(folder.join("lock")).map_err(unusable)?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => WorkerError::FolderInUse { path: folder.to_owned() },
            TryLockError::Error(source) => unusable(source),
        })?;
        let attempts = folder.join("attempts");
        empty(&attempts).map_err(unusable)?;
        Ok(Self { attempts, _lock: lock })
    }

    /// A fresh folder for an attempt.
    pub(crate) fn attempt(&self, grant: &LeaseGrant) -> io::Result<AttemptFolder> {
        let path = self.attempts.join(format!("{}-{}", grant.run_id, grant.attempt));
        empty(&path)?;
        Ok(AttemptFolder { path })
    }
}

/// Makes a folder that exists and holds nothing.
pub(crate) fn empty(folder: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    std::fs::create_dir_all(folder)
}

/// The folder of one attempt; removed when this is dropped.
#[derive(Debug)]
pub(crate) struct AttemptFolder {
    path: PathBuf,
}

impl AttemptFolder {
    /// The job file.
    pub(crate) fn job(&self) -> PathBuf {
        self.path.join("job.json")
    }

    /// The trainer's stderr.
    pub(crate) fn log(&self) -> PathBuf {
        self.path.join("log.txt")
    }

    /// What the trainer leaves.
    pub(crate) fn out(&self) -> PathBuf {
        self.path.join("out")
    }

    /// The test split, once opened.
    pub(crate) fn test(&self) -> PathBuf {
        self.path.join("test.conll")
    }

    /// The trainer's progress: fetched before it starts, and replaced by it.
    pub(crate) fn checkpoint(&self) -> PathBuf {
        self.path.join("checkpoint.safetensors")
    }

    /// The reports that were made.
    pub(crate) fn outbox(&self) -> PathBuf {
        self.path.join("outbox.jsonl")
    }
}

impl Drop for AttemptFolder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.path) {
            tracing::warn!(%error, path = %self.path.display(), "an attempt's folder could not be removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_worker_and_forgets_the_attempts_of_an_earlier_one() {
        let folder = tempfile::tempdir().unwrap();
        let orphan = folder.path().join("attempts/x-1/out");
        let first = WorkerFolder::open(folder.path()).unwrap();
        std::fs::create_dir_all(&orphan).unwrap();
        let second = WorkerFolder::open(folder.path()).unwrap_err();
        assert!(matches!(second, WorkerError::FolderInUse { .. }), "{second}");
        assert!(orphan.exists(), "a refused worker must not clean up");
        drop(first);
        let _third = WorkerFolder::open(folder.path()).unwrap();
        assert!(!orphan.exists());
    }
}
