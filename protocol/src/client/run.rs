//! Runs: what became of them, and what people do to them.

use reqwest::Method;
use serde::Serialize;

use super::Client;
use super::error::Result;
use super::route::route;
use crate::id::{Attempt, RunId};
use crate::run::{LogSlice, Run};
use crate::run_detail::{RunDetail, RunReports};
use crate::study::Retried;

#[derive(Serialize)]
struct LogQuery {
    offset: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempt: Option<Attempt>,
}

impl Client {
    /// Everything about one run.
    pub async fn run(&self, run: RunId) -> Result<RunDetail> {
        self.get(route!["runs", run]).await
    }

    /// The epoch reports of one attempt, by epoch.
    pub async fn reports(&self, run: RunId, attempt: Attempt) -> Result<RunReports> {
        self.get(route!["runs", run, "attempts", attempt, "reports"]).await
    }

    /// A slice of an attempt's log, from a byte offset on; without a number, of the newest attempt.
    pub async fn log(&self, run: RunId, attempt: Option<Attempt>, offset: i64) -> Result<LogSlice> {
        let request = self.request(Method::GET, &route!["runs", run, "log"])?;
        self.decode(request.query(&LogQuery { offset, attempt })).await
    }

    /// Puts a failed run back into its study's queue, with a new budget of retries.
    pub async fn retry_run(&self, run: RunId) -> Result<Retried> {
        self.post(route!["runs", run, "retry"], &()).await
    }

    /// Pauses a run: it is not given out until it is resumed. A worker that is training it hands it back.
    pub async fn pause_run(&self, run: RunId) -> Result<Run> {
        self.post(route!["runs", run, "pause"], &()).await
    }

    /// Lets a paused run go on.
    pub async fn resume_run(&self, run: RunId) -> Result<Run> {
        self.post(route!["runs", run, "resume"], &()).await
    }

    /// Cancels a run. A waiting run ends at once, a live one as soon as its worker hears of it.
    pub async fn cancel_run(&self, run: RunId) -> Result<Run> {
        self.post(route!["runs", run, "cancel"], &()).await
    }
}
