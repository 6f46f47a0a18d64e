//! A worker's side of a run: the claim, and every write about an attempt.

use bytes::Bytes;
use reqwest::Method;

use super::Client;
use super::error::Result;
use super::route::route;
use crate::id::{Attempt, RunId};
use crate::lease::{AttemptWrite, ClaimRequest, LeaseGrant, WriteReply};

impl Client {
    /// Asks for work on one device; `None` when there was none within the request's wait.
    pub async fn claim(&self, request: &ClaimRequest) -> Result<Option<LeaseGrant>> {
        self.post(route!["leases"], request).await
    }

    /// A worker's write about its attempt.
    pub async fn write(&self, run: RunId, attempt: Attempt, write: &AttemptWrite) -> Result<WriteReply> {
        self.post(route!["runs", run, "attempts", attempt], write).await
    }

    /// Opens the test split for a live attempt of a final run and returns its content; the seal is written first.
    pub async fn open_test(&self, run: RunId, attempt: Attempt) -> Result<Bytes> {
        let request = self.request(Method::POST, &route!["runs", run, "attempts", attempt, "test-split"])?;
        let response = self.send(request).await?;
        response.bytes().await.map_err(|source| self.unreachable(source))
    }

    /// Stores the progress of a live attempt in place of what the run had.
    pub async fn put_checkpoint(
        &self,
        run: RunId,
        attempt: Attempt,
        content: impl Into<reqwest::Body>,
    ) -> Result<WriteReply> {
        let request = self.request(Method::PUT, &route!["runs", run, "attempts", attempt, "checkpoint"])?;
        self.decode(request.body(content)).await
    }

    /// The progress that an earlier attempt of the run stored, for a live attempt.
    pub async fn checkpoint(&self, run: RunId, attempt: Attempt) -> Result<Bytes> {
        let request = self.request(Method::GET, &route!["runs", run, "attempts", attempt, "checkpoint"])?;
        let response = self.send(request).await?;
        response.bytes().await.map_err(|source| self.unreachable(source))
    }
}
