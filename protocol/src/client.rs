//! The typed HTTP client: one method per route of `/api/v1`, used by the worker, the command line and the tests.
//!
//! Owns paths, the bearer token and the decoding of errors. Repeats a request only for a caller that asked for it
//! ([`Client::patient`]): whoever calls knows what a repetition costs.

mod control;
mod fleet;

use std::fmt;
use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder};
use bytes::Bytes;
use futures::Stream;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::access::{LoginLink, NewToken, Secret, Token, TokenSpec};
use crate::artifact::Sha256;
use crate::backbone::{Backbone, BackboneSpec};
use crate::dapt::{Dapt, DaptSpec};
use crate::dataset::{Dataset, DatasetSpec};
use crate::error::{ApiErrorBody, ErrorCode};
use crate::id::{Attempt, RunId};
use crate::insight::StudyInsight;
use crate::lease::{AttemptWrite, ClaimRequest, LeaseGrant, WriteReply};
use crate::replay::StudyReplay;
use crate::run::{LogSlice, Run, RunDetail};
use crate::study::{Enqueue, Enqueued, Study, StudySpec};

/// A request that did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No answer, or one that broke off; the same request may succeed later.
    #[error("the coordinator at {server} does not answer")]
    Unreachable {
        /// The coordinator's address.
        server: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// The coordinator refused.
    #[error("{}", .0.message)]
    Refused(ApiErrorBody),
    /// An answer that is not the coordinator's.
    #[error("{server} answered {status} with something that is no Pedigree answer; is the address right?")]
    Foreign {
        /// The coordinator's address.
        server: String,
        /// HTTP status.
        status: StatusCode,
    },
}

impl ClientError {
    /// Whether the same request may succeed later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused(body) => matches!(body.code, ErrorCode::Internal | ErrorCode::TooMany),
            Self::Foreign { status, .. } => status.is_server_error(),
        }
    }

    /// The coordinator's class of error, where it refused.
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Refused(body) => Some(body.code),
            Self::Unreachable { .. } | Self::Foreign { .. } => None,
        }
    }
}

/// How long a connection that is not used is kept. Shorter than a coordinator that stops goes on taking requests, so
/// that none is sent on a connection that is just being closed.
const IDLE: Duration = Duration::from_millis(1500);

/// A client of one coordinator.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    server: String,
    token: Option<Secret>,
    patience: Option<Duration>,
}

impl fmt::Debug for Client {
    /// Without the token, which must not reach a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("server", &self.server).finish_non_exhaustive()
    }
}

type Result<T> = std::result::Result<T, ClientError>;

impl Client {
    /// A client of the coordinator at `server` (such as `http://127.0.0.1:8765`), recognised by the token.
    pub fn new(server: &str, token: Option<Secret>) -> Self {
        // The first client of a process chooses the TLS implementation; a later choice fails and changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let server = server.trim_end_matches('/').to_owned();
        let http = reqwest::Client::builder().pool_idle_timeout(IDLE).build().unwrap_or_default();
        Self { http, server, token, patience: None }
    }

    /// The same client, which repeats a request that got no answer for as long as `patience`: a coordinator that is
    /// starting again is not an error then. Every route gives the same result when it is repeated; content that is
    /// streamed cannot be sent twice and is not.
    #[must_use]
    pub fn patient(self, patience: Duration) -> Self {
        Self { patience: Some(patience), ..self }
    }

    /// The coordinator's address.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// Succeeds when the coordinator and its database answer.
    ///
    /// # Errors
    /// See [`ClientError`]; likewise for every other method.
    pub async fn ready(&self) -> Result<()> {
        self.send(self.http.get(format!("{}/readyz", self.server))).await.map(drop)
    }

    /// All datasets, by name.
    pub async fn datasets(&self) -> Result<Vec<Dataset>> {
        self.get("/datasets").await
    }

    /// One dataset.
    pub async fn dataset(&self, name: &str) -> Result<Dataset> {
        self.get(&format!("/datasets/{name}")).await
    }

    /// Registers a dataset whose splits have been uploaded. The same content under the same name again is no error.
    pub async fn add_dataset(&self, spec: &DatasetSpec) -> Result<Dataset> {
        self.post("/datasets", spec).await
    }

    /// All backbones, by name.
    pub async fn backbones(&self) -> Result<Vec<Backbone>> {
        self.get("/backbones").await
    }

    /// One backbone.
    pub async fn backbone(&self, name: &str) -> Result<Backbone> {
        self.get(&format!("/backbones/{name}")).await
    }

    /// Registers a backbone whose files have been uploaded. The same content under the same name again is no error.
    pub async fn add_backbone(&self, spec: &BackboneSpec) -> Result<Backbone> {
        self.post("/backbones", spec).await
    }

    /// All pretrainings, newest first.
    pub async fn dapts(&self) -> Result<Vec<Dapt>> {
        self.get("/dapt").await
    }

    /// One pretraining.
    pub async fn dapt(&self, name: &str) -> Result<Dapt> {
        self.get(&format!("/dapt/{}", escape(name))).await
    }

    /// Queues a pretraining whose texts have been uploaded. The same under the same name again is the one that is there.
    pub async fn create_dapt(&self, spec: &DaptSpec) -> Result<Dapt> {
        self.post("/dapt", spec).await
    }

    /// Whether the artifact store holds this content.
    pub async fn has_artifact(&self, sha256: &Sha256) -> Result<bool> {
        match self.send(self.request(Method::HEAD, &format!("/artifacts/{sha256}"))).await {
            Ok(_) => Ok(true),
            Err(ClientError::Refused(body)) if body.code == ErrorCode::Sealed => Ok(true),
            Err(ClientError::Foreign { status: StatusCode::FORBIDDEN, .. }) => Ok(true),
            Err(ClientError::Foreign { status: StatusCode::NOT_FOUND, .. }) => Ok(false),
            Err(ClientError::Refused(body)) if body.code == ErrorCode::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Uploads content; the coordinator checks the hash. `sealed` content (a test split) is never served again but to
    /// a final run.
    pub async fn put_artifact(
        &self,
        sha256: &Sha256,
        sealed: bool,
        content: impl Into<reqwest::Body>,
    ) -> Result<()> {
        let request = self.request(Method::PUT, &format!("/artifacts/{sha256}"));
        self.send(request.query(&[("sealed", sealed)]).body(content)).await.map(drop)
    }

    /// Downloads content as it arrives.
    pub async fn artifact(&self, sha256: &Sha256) -> Result<impl Stream<Item = Result<Bytes>> + use<>> {
        use futures::StreamExt;
        let response = self.send(self.request(Method::GET, &format!("/artifacts/{sha256}"))).await?;
        let server = self.server.clone();
        Ok(response.bytes_stream().map(move |chunk| {
            chunk.map_err(|source| ClientError::Unreachable { server: server.clone(), source })
        }))
    }

    /// All studies, newest first.
    pub async fn studies(&self) -> Result<Vec<Study>> {
        self.get("/studies").await
    }

    /// One study, by id or name.
    pub async fn study(&self, study: &str) -> Result<Study> {
        self.get(&format!("/studies/{}", escape(study))).await
    }

    /// Creates a study. The same specification under the same name again gives the study that is there.
    pub async fn create_study(&self, spec: &StudySpec) -> Result<Study> {
        self.post("/studies", spec).await
    }

    /// Puts a configuration into a study's queue. The same under the same key again changes nothing.
    pub async fn enqueue(&self, study: &str, wanted: &Enqueue) -> Result<Enqueued> {
        self.post(&format!("/studies/{}/trials", escape(study)), wanted).await
    }

    /// Every suggestion of a study, computed again from its record.
    pub async fn replay(&self, study: &str) -> Result<StudyReplay> {
        self.get(&format!("/studies/{}/replay", escape(study))).await
    }

    /// Who proposed, who donated, and which parameters mattered.
    pub async fn insight(&self, study: &str) -> Result<StudyInsight> {
        self.get(&format!("/studies/{}/insight", escape(study))).await
    }

    /// The runs of a study: trials by number, then the final run.
    pub async fn runs(&self, study: &str) -> Result<Vec<Run>> {
        self.get(&format!("/studies/{}/runs", escape(study))).await
    }

    /// Everything about one run.
    pub async fn run(&self, run: RunId) -> Result<RunDetail> {
        self.get(&format!("/runs/{run}")).await
    }

    /// A slice of an attempt's log, from a byte offset; the newest attempt's without a number.
    pub async fn log(&self, run: RunId, attempt: Option<Attempt>, offset: i64) -> Result<LogSlice> {
        let attempt = attempt.map_or(String::new(), |a| format!("&attempt={a}"));
        self.get(&format!("/runs/{run}/log?offset={offset}{attempt}")).await
    }

    /// Asks for work on one device; `None` when there was none within the request's wait.
    pub async fn claim(&self, request: &ClaimRequest) -> Result<Option<LeaseGrant>> {
        self.post("/leases", request).await
    }

    /// A worker's write about its attempt.
    pub async fn write(&self, run: RunId, attempt: Attempt, write: &AttemptWrite) -> Result<WriteReply> {
        self.post(&format!("/runs/{run}/attempts/{attempt}"), write).await
    }

    /// Opens the test split for a live attempt of a final run and returns its content; the seal is written first.
    pub async fn open_test(&self, run: RunId, attempt: Attempt) -> Result<Bytes> {
        let request = self.request(Method::POST, &format!("/runs/{run}/attempts/{attempt}/test-split"));
        let response = self.send(request).await?;
        response.bytes().await.map_err(|source| self.unreachable(source))
    }

    /// All tokens, newest first.
    pub async fn tokens(&self) -> Result<Vec<Token>> {
        self.get("/tokens").await
    }

    /// Makes a token; its text is in the answer and nowhere else.
    pub async fn create_token(&self, spec: &TokenSpec) -> Result<NewToken> {
        self.post("/tokens", spec).await
    }

    /// Revokes the token of this name.
    pub async fn revoke_token(&self, name: &str) -> Result<Token> {
        self.decode(self.request(Method::DELETE, &format!("/tokens/{}", escape(name)))).await
    }

    /// Makes a link that logs a browser in, once.
    pub async fn login_link(&self) -> Result<LoginLink> {
        self.post("/login-links", &()).await
    }

    /// Stores the progress of a live attempt in place of what the run had.
    pub async fn put_checkpoint(
        &self,
        run: RunId,
        attempt: Attempt,
        content: impl Into<reqwest::Body>,
    ) -> Result<WriteReply> {
        let path = format!("/runs/{run}/attempts/{attempt}/checkpoint");
        self.decode(self.request(Method::PUT, &path).body(content)).await
    }

    /// The progress that an earlier attempt of the run stored, for a live attempt.
    pub async fn checkpoint(&self, run: RunId, attempt: Attempt) -> Result<Bytes> {
        let request = self.request(Method::GET, &format!("/runs/{run}/attempts/{attempt}/checkpoint"));
        let response = self.send(request).await?;
        response.bytes().await.map_err(|source| self.unreachable(source))
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        self.decode(self.request(Method::GET, path)).await
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T> {
        self.decode(self.request(Method::POST, path).json(body)).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}/api/v1{path}", self.server));
        match &self.token {
            Some(token) => request.bearer_auth(token.expose()),
            None => request,
        }
    }

    async fn decode<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T> {
        let response = self.send(request).await?;
        let status = response.status();
        let body = response.bytes().await.map_err(|source| self.unreachable(source))?;
        serde_json::from_slice(&body)
            .map_err(|_| ClientError::Foreign { server: self.server.clone(), status })
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response> {
        let response = self.answer(request).await.map_err(|source| self.unreachable(source))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let body = response.bytes().await.map_err(|source| self.unreachable(source))?;
        Err(match serde_json::from_slice::<ApiErrorBody>(&body) {
            Ok(body) => ClientError::Refused(body),
            Err(_) => ClientError::Foreign { server: self.server.clone(), status },
        })
    }

    /// The first answer, within the client's patience.
    async fn answer(&self, mut request: RequestBuilder) -> std::result::Result<Response, reqwest::Error> {
        let mut pauses = self.patience.map(|patience| pauses(patience).build()).into_iter().flatten();
        loop {
            let again = request.try_clone();
            let error = match request.send().await {
                Err(error) if error.is_connect() || error.is_request() => error,
                answer => return answer,
            };
            let (Some(again), Some(pause)) = (again, pauses.next()) else { return Err(error) };
            tokio::time::sleep(pause).await;
            request = again;
        }
    }

    fn unreachable(&self, source: reqwest::Error) -> ClientError {
        ClientError::Unreachable { server: self.server.clone(), source }
    }
}

/// The pauses between repetitions, `patience` together.
const fn pauses(patience: Duration) -> ExponentialBuilder {
    ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(50))
        .with_max_delay(Duration::from_secs(1))
        .without_max_times()
        .with_total_delay(Some(patience))
}

/// Percent-encodes a name for use as one path segment.
fn escape(segment: &str) -> String {
    segment
        .bytes()
        .map(|b| match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(b).to_string(),
            _ => format!("%{b:02X}"),
        })
        .collect()
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
