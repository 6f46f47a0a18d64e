//! The typed HTTP client: one method per route of `/api/v1`, used by the worker, the command line and the tests.
//!
//! Owns the connection, the bearer token and the decoding of answers; the routes are in a file for each noun. Repeats a
//! request only for a caller that asked for it ([`Client::patient`]): whoever calls knows what a repetition costs.

mod access;
mod content;
mod dapt;
mod error;
mod fleet;
mod grid;
mod lease;
mod pages;
mod proxy;
mod route;
mod run;
mod study;
mod upkeep;

use std::fmt;
use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use self::error::ClientError;
use self::error::Result;
pub use self::proxy::{is_this_machine, proxy_of};
use self::route::Route;
use crate::access::Secret;
use crate::error::ApiErrorBody;

/// How long an idle connection is kept. It is shorter than the time for which a stopping coordinator still takes
/// requests, so that no request goes out on a connection that is being closed.
const IDLE: Duration = Duration::from_millis(1500);

/// A client of one coordinator.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    server: String,
    token: Option<Secret>,
    patience: Option<Duration>,
    /// The proxy through which it asks.
    proxy: Option<String>,
}

impl fmt::Debug for Client {
    /// Without the token, which must not reach a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("server", &self.server).finish_non_exhaustive()
    }
}

impl Client {
    /// A client of the coordinator at `server` (such as `http://127.0.0.1:8765`), recognised by the token. It asks through
    /// the environment's proxy where that is meant for this server, and never for one on this machine.
    pub fn new(server: &str, token: Option<Secret>) -> Self {
        Self::through(proxy_of(server), server, token)
    }

    /// The same, but for a coordinator that is known to run on this machine, whatever its address: no proxy is asked.
    pub fn direct(server: &str, token: Option<Secret>) -> Self {
        Self::through(None, server, token)
    }

    fn through(proxy: Option<String>, server: &str, token: Option<Secret>) -> Self {
        // The first client of a process chooses the TLS implementation; a later choice fails and changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let server = server.trim_end_matches('/').to_owned();
        let http = reqwest::Client::builder().pool_idle_timeout(IDLE);
        let http = if proxy.is_some() { http } else { http.no_proxy() };
        Self { http: http.build().unwrap_or_default(), server, token, patience: None, proxy }
    }

    /// The same client, but it repeats a request without an answer for up to `patience`, so that a restart of the
    /// coordinator is no error. Every route gives the same result when it is repeated. Streamed content cannot be sent
    /// twice, so it is not.
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
    /// See [`ClientError`]; the same holds for every other method.
    pub async fn ready(&self) -> Result<()> {
        self.send(self.http.get(format!("{}/readyz", self.server))).await.map(drop)
    }

    async fn get<T: DeserializeOwned>(&self, route: Route) -> Result<T> {
        self.decode(self.request(Method::GET, &route)?).await
    }

    async fn post<T: DeserializeOwned>(&self, route: Route, body: &impl Serialize) -> Result<T> {
        self.decode(self.request(Method::POST, &route)?.json(body)).await
    }

    fn request(&self, method: Method, route: &Route) -> Result<RequestBuilder> {
        let request = self.http.request(method, format!("{}/api/v1{}", self.server, route.encode()?));
        Ok(match &self.token {
            Some(token) => request.bearer_auth(token.expose()),
            None => request,
        })
    }

    async fn decode<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T> {
        let response = self.send(request).await?;
        let status = response.status();
        let body = response.bytes().await.map_err(|source| self.unreachable(source))?;
        serde_json::from_slice(&body).map_err(|_| self.foreign(status))
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
            Err(_) => self.foreign(status),
        })
    }

    /// The first answer that comes within the client's patience.
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
        ClientError::Unreachable { server: self.server.clone(), proxy: self.proxy.clone(), source }
    }

    fn foreign(&self, status: StatusCode) -> ClientError {
        ClientError::Foreign { server: self.server.clone(), proxy: self.proxy.clone(), status }
    }
}

/// The pauses between repetitions; together they last `patience`.
const fn pauses(patience: Duration) -> ExponentialBuilder {
    ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(50))
        .with_max_delay(Duration::from_secs(1))
        .without_max_times()
        .with_total_delay(Some(patience))
}

#[cfg(test)]
mod tests;
