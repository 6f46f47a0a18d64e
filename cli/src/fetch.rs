//! Content of the coordinator. It is fetched once and kept by its hash in the data folder.

use std::path::PathBuf;

use anyhow::{Context, bail};
use futures::TryStreamExt as _;
use pedigree_protocol::artifact::{ArtifactFile, Sha256};
use pedigree_protocol::backbone::listing;
use pedigree_protocol::client::Client;
use sha2::Digest as _;
use tempfile::NamedTempFile;
use tokio::io::AsyncWriteExt as _;

use crate::connection::data_folder;
use crate::upload;

/// Fetches a file with this content.
pub(crate) async fn content(client: &Client, sha256: &Sha256) -> anyhow::Result<PathBuf> {
    let folder = data_folder().join("fetched");
    let path = folder.join(sha256.as_str());
    if path.is_file() {
        return Ok(path);
    }
    let mut arriving = client.artifact(sha256).await?;
    let unwritten = || format!("cannot write into {}", folder.display());
    std::fs::create_dir_all(&folder).with_context(unwritten)?;
    let (file, arrived) = NamedTempFile::new_in(&folder).with_context(unwritten)?.into_parts();
    let mut file = tokio::fs::File::from_std(file);
    let mut digest = sha2::Sha256::new();
    while let Some(chunk) = arriving.try_next().await? {
        digest.update(&chunk);
        file.write_all(&chunk).await.with_context(unwritten)?;
    }
    file.flush().await.with_context(unwritten)?;
    let found = hex::encode(digest.finalize());
    if found != sha256.as_str() {
        bail!("content {sha256} arrived damaged: its hash is {found}; try again");
    }
    arrived.persist(&path).map_err(|error| error.error).with_context(unwritten)?;
    Ok(path)
}

/// Fetches a folder with these files by their names.
pub(crate) async fn folder(client: &Client, files: &[ArtifactFile]) -> anyhow::Result<PathBuf> {
    let root = data_folder().join("fetched");
    let folder = root.join(format!("folder-{}", upload::hash(listing(files.iter()).as_bytes())?));
    if folder.is_dir() {
        return Ok(folder);
    }
    let mut contents = Vec::with_capacity(files.len());
    for file in files {
        if !file.is_inside() {
            bail!("the file name {:?} leaves its folder; it is not fetched", file.name);
        }
        contents.push(content(client, &file.sha256).await?);
    }
    let building = tempfile::tempdir_in(&root)?;
    for (file, content) in files.iter().zip(&contents) {
        let path = building.path().join(&file.name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::hard_link(content, path)?;
    }
    match std::fs::rename(building.path(), &folder) {
        // Another process has built the same folder meanwhile.
        Err(_) if folder.is_dir() => Ok(folder),
        renamed => renamed.map(|()| folder).context("cannot assemble the fetched files"),
    }
}
