//! How many runs a grid consists of.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::cell::GridCell;
use super::spec::{GridSpec, TestPolicy};
use crate::finals::FinalModel;

/// How many runs of each kind a grid consists of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GridCounts {
    /// Cells that can be had.
    pub cells: u64,
    /// Cells that cannot.
    pub holes: u64,
    /// Pretrainings.
    pub pretrainings: u64,
    /// Trials.
    pub trials: u64,
    /// Trainings of best configurations.
    pub finals: u64,
    /// Runs that meet a test split.
    pub tests: u64,
}

impl GridSpec {
    /// How many runs the grid consists of, if nothing fails.
    pub fn counts(&self) -> GridCounts {
        let (holes, cells): (Vec<_>, Vec<_>) = self.cells().into_iter().partition(|c| c.hole.is_some());
        let models = match self.finals.model {
            FinalModel::Retrain => u64::from(self.finals.seeds),
            FinalModel::BestTrial => 1,
        };
        let trained = if self.finals.model == FinalModel::Retrain { models } else { 0 };
        let count = |cells: &[GridCell]| cells.len() as u64;
        let winners = cells.iter().map(|cell| &cell.dataset).collect::<BTreeSet<_>>().len() as u64;
        let tested = match self.finals.test {
            TestPolicy::Winners => winners,
            TestPolicy::Cells => count(&cells),
        };
        GridCounts {
            cells: count(&cells),
            holes: count(&holes),
            pretrainings: self.pretrainings().len() as u64,
            trials: cells.iter().map(|cell| u64::from(self.study_spec(cell).trials)).sum(),
            finals: count(&cells) * trained,
            tests: tested * models,
        }
    }
}
