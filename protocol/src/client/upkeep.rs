//! The coordinator itself: its diagnosis, and its disk.

use super::Client;
use super::error::Result;
use super::route::route;
use crate::upkeep::{Diagnosis, Removed, Retention};

impl Client {
    /// The diagnosis of the coordinator and its database.
    pub async fn diagnosis(&self) -> Result<Diagnosis> {
        self.get(route!["diagnosis"]).await
    }

    /// Removes what ended studies no longer need, or only counts it.
    pub async fn make_room(&self, wanted: &Retention) -> Result<Removed> {
        self.post(route!["retention"], wanted).await
    }
}
