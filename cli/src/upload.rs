//! Uploads to the artifact store: hashes, requests, a progress bar.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use anyhow::Context;
use futures::TryStreamExt as _;
use indicatif::{ProgressBar, ProgressStyle};
use pedigree_protocol::artifact::{ArtifactFile, Sha256};
use pedigree_protocol::client::Client;
use sha2::Digest as _;
use tokio_util::io::ReaderStream;

/// A local file and its name in the artifact.
#[derive(Debug)]
pub(crate) struct LocalFile {
    pub(crate) path: PathBuf,
    pub(crate) file: ArtifactFile,
}

impl LocalFile {
    /// Hashes a file.
    pub(crate) fn open(path: PathBuf, name: String) -> anyhow::Result<Self> {
        let (sha256, bytes) = hash_file(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(Self { path, file: ArtifactFile { name, sha256, bytes } })
    }
}

/// The hash of content in memory.
pub(crate) fn hash(content: &[u8]) -> anyhow::Result<Sha256> {
    Ok(hex::encode(sha2::Sha256::digest(content)).parse()?)
}

fn hash_file(path: &Path) -> anyhow::Result<(Sha256, i64)> {
    let mut file = std::fs::File::open(path)?;
    let mut digest = sha2::Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    let mut size = 0;
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            count => {
                digest.update(&buffer[..count]);
                size += count;
            }
        }
    }
    Ok((hex::encode(digest.finalize()).parse()?, i64::try_from(size)?))
}

/// Uploads the files that the store does not hold.
pub(crate) async fn files(client: &Client, files: &[LocalFile]) -> anyhow::Result<()> {
    let bar = bar(files.iter().map(|f| f.file.bytes.unsigned_abs()).sum())?;
    for local in files {
        bar.set_message(local.file.name.clone());
        if client.has_artifact(&local.file.sha256).await? {
            bar.inc(local.file.bytes.unsigned_abs());
            continue;
        }
        let file = tokio::fs::File::open(&local.path)
            .await
            .with_context(|| format!("cannot read {}", local.path.display()))?;
        let progress = bar.clone();
        let content = ReaderStream::with_capacity(file, 1 << 18)
            .inspect_ok(move |chunk| progress.inc(u64::try_from(chunk.len()).unwrap_or(0)));
        client.put_artifact(&local.file.sha256, false, reqwest::Body::wrap_stream(content)).await?;
    }
    bar.finish_and_clear();
    Ok(())
}

/// A bar of bytes on stderr; hidden if that is no terminal.
fn bar(total: u64) -> io::Result<ProgressBar> {
    let style = "{msg:24!} {bar:30} {bytes}/{total_bytes} {bytes_per_sec}";
    let style = ProgressStyle::with_template(style).map_err(io::Error::other)?;
    Ok(ProgressBar::new(total).with_style(style))
}
