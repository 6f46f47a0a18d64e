//! Where things lie: the worker's folder, held by one worker at a time, and the folder of one attempt.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use pedigree_protocol::WorkerId;
use pedigree_protocol::lease::{AttemptEnd, LeaseGrant};

use crate::error::WorkerError;
use crate::held_attempt::HeldAttempt;
use crate::kept_file;

/// The worker's folder, locked until this is dropped.
#[derive(Debug)]
pub(crate) struct WorkerFolder {
    path: PathBuf,
    attempts: PathBuf,
    _lock: File,
}

impl WorkerFolder {
    /// Takes the folder for this worker.
    pub(crate) fn open(folder: &Path) -> Result<Self, WorkerError> {
        let unusable = |source| WorkerError::Folder { path: folder.to_owned(), source };
        std::fs::create_dir_all(folder).map_err(unusable)?;
        let lock = File::create(folder.join("lock")).map_err(unusable)?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => WorkerError::FolderInUse { path: folder.to_owned() },
            TryLockError::Error(source) => unusable(source),
        })?;
        let attempts = folder.join("attempts");
        std::fs::create_dir_all(&attempts).map_err(unusable)?;
        Ok(Self { path: folder.to_owned(), attempts, _lock: lock })
    }

    /// The worker that last used this folder and was heard.
    pub(crate) fn last_worker(&self) -> Option<WorkerId> {
        kept_file::read(&self.worker())
    }

    /// Notes that this worker was heard.
    pub(crate) fn keep_worker(&self, worker: WorkerId) -> io::Result<()> {
        kept_file::write(&self.worker(), &worker)
    }

    fn worker(&self) -> PathBuf {
        self.path.join("worker.json")
    }

    /// Faults that the coordinator has not heard of.
    pub(crate) fn unfit(&self) -> PathBuf {
        self.path.join("unfit.json")
    }

    /// A fresh folder for an attempt.
    pub(crate) fn attempt(&self, grant: &LeaseGrant) -> io::Result<AttemptFolder> {
        let path = self.attempts.join(format!("{}-{}", grant.run_id, grant.attempt));
        empty(&path)?;
        let folder = AttemptFolder { path };
        match kept_file::write(&folder.grant(), grant) {
            Ok(()) => Ok(folder),
            Err(error) => {
                folder.remove();
                Err(error)
            }
        }
    }

    /// Attempts of an earlier worker that it could not hand over, or during which it was killed.
    pub(crate) fn left_over(&self) -> io::Result<Vec<(HeldAttempt, AttemptFolder)>> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(&self.attempts)? {
            let folder = AttemptFolder { path: entry?.path() };
            match kept_file::read(&folder.grant()) {
                Some(held) => found.push((held, folder)),
                // It had not begun.
                None => folder.remove(),
            }
        }
        Ok(found)
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

/// The folder of one attempt. It stays until the attempt's end has been told, or can no longer count.
#[derive(Debug)]
pub(crate) struct AttemptFolder {
    path: PathBuf,
}

impl AttemptFolder {
    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What was granted.
    fn grant(&self) -> PathBuf {
        self.path.join("grant.json")
    }

    /// How the attempt ended.
    fn end(&self) -> PathBuf {
        self.path.join("end.json")
    }

    /// Notes how the attempt ended, before that is told.
    pub(crate) fn keep_end(&self, end: &AttemptEnd) -> io::Result<()> {
        kept_file::write(&self.end(), end)
    }

    /// How the attempt ended, if it did before its worker.
    pub(crate) fn kept_end(&self) -> Option<AttemptEnd> {
        kept_file::read(&self.end())
    }

    /// Notes which process trains here.
    pub(crate) fn keep_trainer(&self, pid: u32) -> io::Result<()> {
        kept_file::write(&self.path.join("trainer.json"), &pid)
    }

    /// The process that trained here, or trains still.
    pub(crate) fn kept_trainer(&self) -> Option<u32> {
        kept_file::read(&self.path.join("trainer.json"))
    }

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

    /// Forgets the attempt.
    pub(crate) fn remove(self) {
        if let Err(error) = std::fs::remove_dir_all(&self.path) {
            tracing::warn!(%error, path = %self.path.display(), "an attempt's folder could not be removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_worker_and_keeps_the_attempts_of_an_earlier_one() {
        let folder = tempfile::tempdir().unwrap();
        let first = WorkerFolder::open(folder.path()).unwrap();
        let grant = crate::scripted_coordinator::grant(3000);
        let attempt = first.attempt(&grant).unwrap();
        attempt.keep_end(&AttemptEnd::Released).unwrap();
        std::fs::create_dir_all(folder.path().join("attempts/half-made")).unwrap();
        let second = WorkerFolder::open(folder.path()).unwrap_err();
        assert!(matches!(second, WorkerError::FolderInUse { .. }), "{second}");
        drop(first);

        let third = WorkerFolder::open(folder.path()).unwrap();
        let mut left = third.left_over().unwrap();
        assert_eq!(left.len(), 1, "what had not begun is gone");
        let (found, attempt) = left.remove(0);
        assert_eq!((found, attempt.kept_end()), (HeldAttempt::from(&grant), Some(AttemptEnd::Released)));
        assert_eq!(attempt.kept_trainer(), None);
        attempt.remove();
        assert_eq!(third.left_over().unwrap().len(), 0);
    }
}
