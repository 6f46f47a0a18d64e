//! Puts what an attempt leaves into the artifact store.
//!
//! Owns the names under which a trainer's files are known. Must not know what is in them.

use std::path::{Path, PathBuf};
use std::{fs, io};

use backon::Retryable as _;
use bytes::Bytes;
use pedigree_protocol::artifact::ArtifactFile;
use pedigree_protocol::client::Client;
use pedigree_protocol::report::TestResult;

use crate::artifacts::hash_of;
use crate::attempt_folder::AttemptFolder;
use crate::retry::{RequestError, pauses, transfer_limit, within};

/// A file that could not be stored.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UploadError {
    #[error("{} cannot be read", path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("the coordinator refuses {name}")]
    Refused {
        name: String,
        #[source]
        source: RequestError,
    },
}

/// The files of a completed pretraining by name: adapter, summary, log.
pub(crate) fn adapted(folder: &AttemptFolder) -> Result<Vec<(String, PathBuf)>, UploadError> {
    let mut files = adapter(folder)?;
    files.push(("summary.json".to_owned(), folder.out().join("summary.json")));
    files.extend(log(folder));
    Ok(files)
}

/// The files of a completed training by name: adapter, predictions, summary, log.
pub(crate) fn results(folder: &AttemptFolder) -> Result<Vec<(String, PathBuf)>, UploadError> {
    let mut files = adapter(folder)?;
    for name in ["predictions.jsonl", "summary.json"] {
        files.push((name.to_owned(), folder.out().join(name)));
    }
    files.extend(log(folder));
    Ok(files)
}

/// The files of a completed test run by name: predictions and mistakes of each model in a folder of its run, summary, log.
pub(crate) fn tested(
    folder: &AttemptFolder,
    models: &[TestResult],
) -> Result<Vec<(String, PathBuf)>, UploadError> {
    let mut files = Vec::new();
    for model in models {
        let name = model.run_id.to_string();
        let results = folder.out().join(&name);
        collect(&results, &name, &mut files)
            .map_err(|source| UploadError::Unreadable { path: results, source })?;
    }
    files.sort_unstable();
    files.push(("summary.json".to_owned(), folder.out().join("summary.json")));
    files.extend(log(folder));
    Ok(files)
}

fn adapter(folder: &AttemptFolder) -> Result<Vec<(String, PathBuf)>, UploadError> {
    let mut files = Vec::new();
    let adapter = folder.out().join("adapter");
    collect(&adapter, "adapter", &mut files)
        .map_err(|source| UploadError::Unreadable { path: adapter, source })?;
    files.sort_unstable();
    Ok(files)
}

/// The one file of an attempt that failed: its log.
pub(crate) fn log(folder: &AttemptFolder) -> [(String, PathBuf); 1] {
    [("log.txt".to_owned(), folder.log())]
}

fn collect(folder: &Path, name: &str, files: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{name}/{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &name, files)?;
        } else {
            files.push((name, entry.path()));
        }
    }
    Ok(())
}

/// Stores files, each until the coordinator answers.
pub(crate) async fn store(
    client: &Client,
    files: impl IntoIterator<Item = (String, PathBuf)>,
) -> Result<Vec<ArtifactFile>, UploadError> {
    let mut stored = Vec::new();
    for (name, path) in files {
        stored.push(store_file(client, name, path).await?);
    }
    Ok(stored)
}

async fn store_file(client: &Client, name: String, path: PathBuf) -> Result<ArtifactFile, UploadError> {
    let unreadable = |source| UploadError::Unreadable { path: path.clone(), source };
    let content = Bytes::from(tokio::fs::read(&path).await.map_err(unreadable)?);
    let bytes = i64::try_from(content.len()).unwrap_or(i64::MAX);
    let sha256 = hash_of(&content);
    let put = || {
        within(transfer_limit(bytes.unsigned_abs()), async {
            if client.has_artifact(&sha256).await? {
                return Ok(());
            }
            client.put_artifact(&sha256, false, content.clone()).await
        })
    };
    let stored = put
        .retry(pauses())
        .when(RequestError::may_pass)
        .notify(|error, _| tracing::debug!(%error, name, "a file was not stored yet"));
    match stored.await {
        Ok(()) => Ok(ArtifactFile { name, sha256, bytes }),
        Err(source) => Err(UploadError::Refused { name, source }),
    }
}
