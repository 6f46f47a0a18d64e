//! What people do to studies, runs and devices that are there already.

use super::{Client, Result, escape};
use crate::fleet::Worker;
use crate::id::{RunId, WorkerId};
use crate::resources::Pause;
use crate::retry::{Retried, RetryFailed};
use crate::run::Run;
use crate::study::{Priority, Study};
use crate::upkeep::{Diagnosis, Removed, Retention};

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

    /// How the coordinator and its database are.
    pub async fn diagnosis(&self) -> Result<Diagnosis> {
        self.get("/diagnosis").await
    }

    /// Removes what ended studies need no longer, or counts it.
    pub async fn make_room(&self, wanted: &Retention) -> Result<Removed> {
        self.post("/retention", wanted).await
    }

    /// Takes a device that was taken out of use back into use.
    pub async fn release_device(&self, uuid: &str) -> Result<Vec<Worker>> {
        self.post(&format!("/devices/{}/release", escape(uuid)), &()).await
    }

    /// Pauses a study: nothing new begins until it is resumed.
    pub async fn pause_study(&self, study: &str, pause: Pause) -> Result<Study> {
        self.post(&format!("/studies/{}/pause", escape(study)), &pause).await
    }

    /// Lets a paused study go on.
    pub async fn resume_study(&self, study: &str) -> Result<Study> {
        self.post(&format!("/studies/{}/resume", escape(study)), &()).await
    }

    /// Gives a study another priority.
    pub async fn prioritise(&self, study: &str, priority: Priority) -> Result<Study> {
        self.post(&format!("/studies/{}/priority", escape(study)), &priority).await
    }

    /// Pauses a run: it is not given out until it is resumed, and handed back where it is being trained.
    pub async fn pause_run(&self, run: RunId) -> Result<Run> {
        self.post(&format!("/runs/{run}/pause"), &()).await
    }

    /// Lets a paused run go on.
    pub async fn resume_run(&self, run: RunId) -> Result<Run> {
        self.post(&format!("/runs/{run}/resume"), &()).await
    }

    /// Cancels a run: at once where it waits, else as soon as its worker hears of it.
    pub async fn cancel_run(&self, run: RunId) -> Result<Run> {
        self.post(&format!("/runs/{run}/cancel"), &()).await
    }

    /// Drains a worker: it is given nothing new until it is resumed.
    pub async fn drain_worker(&self, worker: WorkerId, pause: Pause) -> Result<Worker> {
        self.post(&format!("/workers/{worker}/drain"), &pause).await
    }

    /// Gives a drained worker work again.
    pub async fn resume_worker(&self, worker: WorkerId) -> Result<Worker> {
        self.post(&format!("/workers/{worker}/resume"), &()).await
    }
}
