//! Workers: who is here, and what they say of themselves.

use reqwest::Method;

use super::{Client, Result};
use crate::fleet::{Hello, Welcome, Worker};
use crate::gpu::GpuReadings;

impl Client {
    /// All workers, newest first.
    pub async fn workers(&self) -> Result<Vec<Worker>> {
        self.get("/workers").await
    }

    /// A worker introduces itself.
    pub async fn hello(&self, hello: &Hello) -> Result<Welcome> {
        self.post("/workers", hello).await
    }

    /// A worker tells what its GPUs show.
    pub async fn tell_readings(&self, readings: &GpuReadings) -> Result<()> {
        self.send(self.request(Method::POST, "/workers/readings").json(readings)).await.map(drop)
    }
}
