//! Pretrainings.

use super::Client;
use super::error::Result;
use super::pages::ALL;
use super::route::route;
use crate::backbone::{AdaptedName, Backbone};
use crate::dapt::{Dapt, DaptSpec};
use crate::page::Page;
use crate::queue::Priority;
use crate::resources::Pause;

impl Client {
    /// All pretrainings, newest first.
    pub async fn dapts(&self) -> Result<Vec<Dapt>> {
        Ok(self.list_dapts(None).await?.items)
    }

    /// The first pretrainings, newest first, `most` at most.
    pub async fn list_dapts(&self, most: Option<u32>) -> Result<Page<Dapt>> {
        self.first(&route!["dapt"], ALL, most).await
    }

    /// One pretraining.
    pub async fn dapt(&self, name: &str) -> Result<Dapt> {
        self.get(route!["dapt", name]).await
    }

    /// Queues a pretraining whose texts have been uploaded. The same specification under the same name gives the one
    /// that is there.
    pub async fn create_dapt(&self, spec: &DaptSpec) -> Result<Dapt> {
        self.post(route!["dapt"], spec).await
    }

    /// Pauses a pretraining: its run is not given out until it is resumed.
    pub async fn pause_dapt(&self, name: &str, pause: Pause) -> Result<Dapt> {
        self.post(route!["dapt", name, "pause"], &pause).await
    }

    /// Resumes a paused pretraining.
    pub async fn resume_dapt(&self, name: &str) -> Result<Dapt> {
        self.post(route!["dapt", name, "resume"], &()).await
    }

    /// Gives a pretraining another priority.
    pub async fn prioritise_dapt(&self, name: &str, priority: Priority) -> Result<Dapt> {
        self.post(route!["dapt", name, "priority"], &priority).await
    }

    /// Registers the backbone that a completed pretraining has left.
    pub async fn register_adapted(&self, pretraining: &str, name: &AdaptedName) -> Result<Backbone> {
        self.post(route!["dapt", pretraining, "backbone"], name).await
    }
}
