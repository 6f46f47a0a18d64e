//! Datasets, backbones and artifacts.

use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use reqwest::{Method, StatusCode};

use super::Client;
use super::error::{ClientError, Result};
use super::pages::ALL;
use super::route::route;
use crate::artifact::Sha256;
use crate::backbone::{Backbone, BackboneSpec};
use crate::dataset::{Dataset, DatasetSpec};
use crate::error::ErrorCode;
use crate::page::Page;

impl Client {
    /// All datasets, by name.
    pub async fn datasets(&self) -> Result<Vec<Dataset>> {
        Ok(self.list_datasets(None).await?.items)
    }

    /// The first datasets by name, `most` at most.
    pub async fn list_datasets(&self, most: Option<u32>) -> Result<Page<Dataset>> {
        self.first(&route!["datasets"], ALL, most).await
    }

    /// One dataset.
    pub async fn dataset(&self, name: &str) -> Result<Dataset> {
        self.get(route!["datasets", name]).await
    }

    /// Registers a dataset whose splits have been uploaded. The same content under the same name again is no error.
    pub async fn add_dataset(&self, spec: &DatasetSpec) -> Result<Dataset> {
        self.post(route!["datasets"], spec).await
    }

    /// All backbones, by name.
    pub async fn backbones(&self) -> Result<Vec<Backbone>> {
        Ok(self.list_backbones(None).await?.items)
    }

    /// The first backbones by name, `most` at most.
    pub async fn list_backbones(&self, most: Option<u32>) -> Result<Page<Backbone>> {
        self.first(&route!["backbones"], ALL, most).await
    }

    /// One backbone.
    pub async fn backbone(&self, name: &str) -> Result<Backbone> {
        self.get(route!["backbones", name]).await
    }

    /// Registers a backbone whose files have been uploaded. The same content under the same name again is no error.
    pub async fn add_backbone(&self, spec: &BackboneSpec) -> Result<Backbone> {
        self.post(route!["backbones"], spec).await
    }

    /// Whether the artifact store holds this content.
    pub async fn has_artifact(&self, sha256: &Sha256) -> Result<bool> {
        match self.send(self.request(Method::HEAD, &route!["artifacts", sha256])?).await {
            Ok(_) => Ok(true),
            Err(ClientError::Refused(body)) if body.code == ErrorCode::Sealed => Ok(true),
            Err(ClientError::Foreign { status: StatusCode::FORBIDDEN, .. }) => Ok(true),
            Err(ClientError::Foreign { status: StatusCode::NOT_FOUND, .. }) => Ok(false),
            Err(ClientError::Refused(body)) if body.code == ErrorCode::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Uploads content; the coordinator checks the hash. Only a final run gets `sealed` content (a test split) back.
    pub async fn put_artifact(
        &self,
        sha256: &Sha256,
        sealed: bool,
        content: impl Into<reqwest::Body>,
    ) -> Result<()> {
        let request = self.request(Method::PUT, &route!["artifacts", sha256])?;
        self.send(request.query(&[("sealed", sealed)]).body(content)).await.map(drop)
    }

    /// Downloads content as it arrives.
    pub async fn artifact(&self, sha256: &Sha256) -> Result<impl Stream<Item = Result<Bytes>> + use<>> {
        let response = self.send(self.request(Method::GET, &route!["artifacts", sha256])?).await?;
        let client = self.clone();
        Ok(response.bytes_stream().map(move |chunk| chunk.map_err(|source| client.unreachable(source))))
    }
}
