//! Content by hash: splits, backbones and adapters, fetched once and kept in `cache/`.
//!
//! `cache/content/<sha256>` holds whole, checked files only: content arrives in `cache/incoming/` and is renamed when
//! its hash is right. `cache/folders/<hash of the file list>/` are folders of hard links into it. Must not know what
//! the content means.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use futures::StreamExt;
use pedigree_protocol::artifact::{ArtifactFile, Sha256};
use pedigree_protocol::backbone::listing;
use pedigree_protocol::client::{Client, ClientError};
use sha2::Digest;
use tempfile::NamedTempFile;
use tokio::fs::File;
use tokio::io::AsyncWriteExt;
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::attempt_folder::empty;
use crate::retry::ANSWER_LIMIT;

/// Why content could not be fetched.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("content {sha256} cannot be fetched")]
    Coordinator {
        sha256: Sha256,
        #[source]
        source: ClientError,
    },
    #[error("content {sha256} does not arrive")]
    Stalled { sha256: Sha256 },
    #[error("content {expected} arrived damaged: its hash is {found}")]
    Damaged { expected: Sha256, found: String },
    #[error("the file name {0:?} leaves its folder; give relative names without `..`")]
    StrayName(String),
    #[error("the cache {} cannot be written", path.display())]
    Disk {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

/// The cache of one worker, shared by its slots.
#[derive(Debug)]
pub(crate) struct Cache {
    client: Client,
    folder: PathBuf,
    /// One download at a time: the slots share the host's link, and often want the same content.
    filling: Mutex<()>,
}

impl Cache {
    /// The cache under a worker's folder, without what a killed worker left half done.
    pub(crate) fn open(client: Client, worker_folder: &Path) -> io::Result<Self> {
        let folder = worker_folder.join("cache");
        empty(&folder.join("incoming"))?;
        fs::create_dir_all(folder.join("content"))?;
        fs::create_dir_all(folder.join("folders"))?;
        Ok(Self { client, folder, filling: Mutex::new(()) })
    }

    /// A file with this content.
    pub(crate) async fn content(&self, sha256: &Sha256) -> Result<PathBuf, FetchError> {
        let path = self.folder.join("content").join(sha256.as_str());
        let _filling = self.filling.lock().await;
        if !path.exists() {
            self.download(sha256, &path).await?;
        }
        Ok(path)
    }

    async fn download(&self, sha256: &Sha256, path: &Path) -> Result<(), FetchError> {
        let unfetched = |source| FetchError::Coordinator { sha256: sha256.clone(), source };
        let stalled = |_| FetchError::Stalled { sha256: sha256.clone() };
        let answer = timeout(ANSWER_LIMIT, self.client.artifact(sha256)).await.map_err(stalled)?;
        let mut arriving = answer.map_err(unfetched)?;
        let (file, arrived) = NamedTempFile::new_in(self.incoming()).map_err(self.unwritten())?.into_parts();
        let mut file = File::from_std(file);
        let mut hash = sha2::Sha256::new();
        while let Some(chunk) = timeout(ANSWER_LIMIT, arriving.next()).await.map_err(stalled)? {
            let chunk = chunk.map_err(unfetched)?;
            hash.update(&chunk);
            file.write_all(&chunk).await.map_err(self.unwritten())?;
        }
        let found = hex::encode(hash.finalize());
        if found != sha256.as_str() {
            return Err(FetchError::Damaged { expected: sha256.clone(), found });
        }
        file.sync_all().await.map_err(self.unwritten())?;
        arrived.persist(path).map_err(|error| self.unwritten()(error.error))?;
        Ok(())
    }

    /// A folder with these files.
    pub(crate) async fn folder(&self, files: &[ArtifactFile]) -> Result<PathBuf, FetchError> {
        if let Some(stray) = files.iter().find(|file| !file.is_inside()) {
            return Err(FetchError::StrayName(stray.name.clone()));
        }
        let folder = self.folder.join("folders").join(hash_of(listing(files.iter()).as_bytes()).as_str());
        if folder.exists() {
            return Ok(folder);
        }
        let mut contents = Vec::with_capacity(files.len());
        for file in files {
            contents.push(self.content(&file.sha256).await?);
        }
        self.assemble(files, &contents, &folder).map_err(self.unwritten())?;
        Ok(folder)
    }

    fn assemble(&self, files: &[ArtifactFile], contents: &[PathBuf], folder: &Path) -> io::Result<()> {
        let building = tempfile::tempdir_in(self.incoming())?;
        for (file, content) in files.iter().zip(contents) {
            let path = building.path().join(&file.name);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::hard_link(content, path)?;
        }
        match fs::rename(building.path(), folder) {
            // Another slot has built the same folder meanwhile.
            Err(_) if folder.exists() => Ok(()),
            renamed => renamed,
        }
    }

    fn incoming(&self) -> PathBuf {
        self.folder.join("incoming")
    }

    fn unwritten(&self) -> impl Fn(io::Error) -> FetchError + use<> {
        let path = self.folder.clone();
        move |source| FetchError::Disk { path: path.clone(), source }
    }
}

/// The hash of some content.
pub(crate) fn hash_of(content: &[u8]) -> Sha256 {
    let digits = hex::encode(sha2::Sha256::digest(content));
    digits.parse().expect("SHA-256 has 32 bytes, which are 64 hexadecimal digits")
}

#[cfg(test)]
#[path = "artifacts_tests.rs"]
mod tests;
