//! Workers and their devices.

use reqwest::Method;

use super::Client;
use super::error::Result;
use super::route::route;
use crate::fleet::{Hello, Welcome, Worker, WorkerFilter};
use crate::gpu::GpuReadings;
use crate::id::WorkerId;
use crate::page::Page;
use crate::resources::Pause;

impl Client {
    /// All workers that were heard within a week, newest first.
    pub async fn workers(&self) -> Result<Vec<Worker>> {
        Ok(self.list_workers(&WorkerFilter::default(), None).await?.items)
    }

    /// The first workers that the filter lets through, newest first, `most` at most.
    pub async fn list_workers(&self, filter: &WorkerFilter, most: Option<u32>) -> Result<Page<Worker>> {
        self.first(&route!["workers"], filter, most).await
    }

    /// A worker introduces itself.
    pub async fn hello(&self, hello: &Hello) -> Result<Welcome> {
        self.post(route!["workers"], hello).await
    }

    /// A worker tells what its GPUs show.
    pub async fn tell_readings(&self, readings: &GpuReadings) -> Result<()> {
        self.send(self.request(Method::POST, &route!["workers", "readings"])?.json(readings)).await.map(drop)
    }

    /// Puts a device that was taken out of use back into use.
    pub async fn release_device(&self, uuid: &str) -> Result<Vec<Worker>> {
        self.post(route!["devices", uuid, "release"], &()).await
    }

    /// Drains a worker: it gets nothing new until it is resumed.
    pub async fn drain_worker(&self, worker: WorkerId, pause: Pause) -> Result<Worker> {
        self.post(route!["workers", worker, "drain"], &pause).await
    }

    /// Gives a drained worker work again.
    pub async fn resume_worker(&self, worker: WorkerId) -> Result<Worker> {
        self.post(route!["workers", worker, "resume"], &()).await
    }
}
