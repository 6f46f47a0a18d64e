//! Grids.

use super::Client;
use super::error::Result;
use super::route::route;
use crate::grid::{Grid, GridFilter, GridSpec, GridSummary};
use crate::page::Page;
use crate::queue::Priority;
use crate::resources::Pause;

impl Client {
    /// The first grids, newest first, `most` at most.
    pub async fn list_grids(&self, filter: &GridFilter, most: Option<u32>) -> Result<Page<GridSummary>> {
        self.first(&route!["grids"], filter, most).await
    }

    /// One grid, by id or name.
    pub async fn grid(&self, grid: &str) -> Result<Grid> {
        self.get(route!["grids", grid]).await
    }

    /// Creates a grid whose texts have been uploaded. The same specification under the same name continues the one that is
    /// there.
    pub async fn create_grid(&self, spec: &GridSpec) -> Result<Grid> {
        self.post(route!["grids"], spec).await
    }

    /// Cancels a grid with everything of it that has not ended.
    pub async fn cancel_grid(&self, grid: &str) -> Result<Grid> {
        self.post(route!["grids", grid, "cancel"], &()).await
    }

    /// Pauses a grid: nothing new of it begins until it is resumed.
    pub async fn pause_grid(&self, grid: &str, pause: Pause) -> Result<Grid> {
        self.post(route!["grids", grid, "pause"], &pause).await
    }

    /// Resumes a paused grid.
    pub async fn resume_grid(&self, grid: &str) -> Result<Grid> {
        self.post(route!["grids", grid, "resume"], &()).await
    }

    /// Gives a grid, and all that it has in the queue, another priority.
    pub async fn prioritise_grid(&self, grid: &str, priority: Priority) -> Result<Grid> {
        self.post(route!["grids", grid, "priority"], &priority).await
    }
}
