//! Pretrainings.

use super::Client;
use super::error::Result;
use super::route::route;
use crate::dapt::{Dapt, DaptSpec};

impl Client {
    /// All pretrainings, newest first.
    pub async fn dapts(&self) -> Result<Vec<Dapt>> {
        self.get(route!["dapt"]).await
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
}
