//! What people do to studies, runs and devices that are there already.

use super::{Client, Result, escape};
use crate::fleet::Worker;
use crate::id::RunId;
use crate::retry::{Retried, RetryFailed};
use crate::study::Study;

impl Client {
    /// Cancels a study: waiting runs end at once, live ones as soon as their workers hear of it.
    pub async fn cancel_study(&self, study: &str) -> Result<Study> {
        self.post(&format!("/studies/{}/cancel", escape(study)), &()).await
    }

    /// Puts a study's failed runs back into its queue, their budgets anew.
    pub async fn retry_failed(&self, study: &str, which: &RetryFailed) -> Result<Retried> {
        self.post(&format!("/studies/{}/retry", escape(study)), which).await
    }

    /// Puts a failed run back into its study's queue, its budget anew.
    pub async fn retry_run(&self, run: RunId) -> Result<Retried> {
        self.post(&format!("/runs/{run}/retry"), &()).await
    }

    /// Takes a device that was taken out of use back into use.
    pub async fn release_device(&self, uuid: &str) -> Result<Vec<Worker>> {
        self.post(&format!("/devices/{}/release", escape(uuid)), &()).await
    }
}
