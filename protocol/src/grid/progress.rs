//! A grid as it is shown: its cells with their studies, what was selected, and what it has taken so far.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::cell::GridCell;
use super::spec::{GridSpec, SelectionRule};
use crate::dapt::DaptSummary;
use crate::id::{GridId, RunId, StudyId};
use crate::resources::Hold;
use crate::run::RunState;
use crate::study::{BestTrial, FinalRun, StudyState, TrialCounts};

/// The state of a grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "sqlx", derive(sqlx::Type), sqlx(type_name = "grid_state", rename_all = "snake_case"))]
pub enum GridState {
    /// A pretraining is on its way. Cells that do not wait for it search meanwhile.
    Pretraining,
    /// Cells search and train their final runs.
    Searching,
    /// The winners are on record; test runs are on their way.
    Selecting,
    /// Every test run that the grid asks for has ended.
    Completed,
    /// No cell could complete its final runs.
    Failed,
    /// Ended by a user.
    Cancelled,
}

impl GridState {
    /// All states.
    pub const ALL: [Self; 6] =
        [Self::Pretraining, Self::Searching, Self::Selecting, Self::Completed, Self::Failed, Self::Cancelled];

    /// Whether the grid has ended for good.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }

    /// The name in files and tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pretraining => "pretraining",
            Self::Searching => "searching",
            Self::Selecting => "selecting",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Which grids a list holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct GridFilter {
    /// Only grids in this state.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub state: Option<GridState>,
}

/// A grid as lists show it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct GridSummary {
    /// Its id.
    pub id: GridId,
    /// Its name.
    pub name: String,
    /// Its state.
    pub state: GridState,
    /// Why it failed.
    pub failure: Option<String>,
    /// Whether it is paused.
    pub hold: Hold,
    /// Its priority now.
    pub priority: i32,
    /// Name of the token that created it.
    pub owner: Option<String>,
    /// Datasets.
    pub datasets: i64,
    /// Backbones.
    pub backbones: i64,
    /// Cells that can be had.
    pub cells: i64,
    /// Cells that cannot be had.
    pub holes: i64,
    /// Cells whose studies have ended, or wait for the selection.
    pub settled: i64,
    /// Trials that have ended, in any way.
    pub trials_ended: i64,
    /// Trials that its cells may take in total.
    pub trials: i64,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
}

/// A grid with its cells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Grid {
    /// The grid.
    pub summary: GridSummary,
    /// What was asked for.
    pub spec: GridSpec,
    /// Its budget is spent: nothing more is proposed.
    pub spent: bool,
    /// What its attempts have taken so far.
    pub usage: Usage,
    /// The cells, in the order of the grid.
    pub cells: Vec<CellProgress>,
    /// Its pretrainings.
    pub pretrainings: Vec<PretrainingProgress>,
    /// The newest selection of each dataset.
    pub selections: Vec<SelectionRecord>,
}

/// What attempts have taken, failed ones included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Usage {
    /// Hours of devices, from lease to end.
    pub gpu_hours: f64,
    /// Energy, where it was measured or estimated.
    pub kwh: f64,
    /// Attempts without a figure for energy.
    pub without_energy: i64,
}

/// A cell with its study.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CellProgress {
    /// The cell.
    #[serde(flatten)]
    pub cell: GridCell,
    /// Its study; absent while the cell waits to begin, and for a hole.
    pub progress: Option<StudyProgress>,
}

/// How far the study of a cell has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StudyProgress {
    /// The study.
    pub id: StudyId,
    /// Its state.
    pub state: StudyState,
    /// Why it failed.
    pub failure: Option<String>,
    /// Why none of its runs is being trained, where one waits.
    pub waits: Option<String>,
    /// How many trials are in each state.
    pub trials: TrialCounts,
    /// Trials in total.
    pub budget: u32,
    /// The best completed trial.
    pub best: Option<BestTrial>,
    /// The final runs.
    pub finals: Vec<FinalRun>,
    /// The final runs fall behind the best trial.
    pub behind: Option<String>,
    /// The sealed test score.
    pub test: Option<CellTest>,
}

/// The test score of a cell: the mean over its final runs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CellTest {
    /// The run that opened the split.
    pub run_id: RunId,
    /// F1 under the strict protocol.
    pub strict: f64,
    /// F1 under conlleval.
    pub conlleval: f64,
    /// Models that were scored.
    pub models: i64,
}

/// A pretraining of a grid.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PretrainingProgress {
    /// Its name.
    pub name: String,
    /// The state of its run.
    pub state: RunState,
    /// Its result, once completed.
    pub summary: Option<DaptSummary>,
}

/// That one cell of a dataset was selected, and what was seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SelectionRecord {
    /// The dataset.
    pub dataset: String,
    /// How often this dataset's winner has been selected, this time included.
    pub number: i32,
    /// The winner's study.
    pub study_id: StudyId,
    /// The winner's name.
    pub study: String,
    /// What was compared.
    pub by: SelectionRule,
    /// All that could have been selected, best first.
    pub candidates: Vec<Candidate>,
    /// When.
    pub made_at: DateTime<Utc>,
}

/// A cell that could be selected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Candidate {
    /// Name of its study.
    pub study: String,
    /// Its backbone.
    pub backbone: String,
    /// Its variant.
    pub variant: String,
    /// What it was judged by: dev F1 under its study's protocol.
    pub value: f64,
    /// Dev F1 of each final run.
    pub finals: Vec<f64>,
    /// Parameters of its backbone: of equal values the smaller is selected.
    pub parameters: i64,
}

impl Candidate {
    /// Best first: the higher value, then fewer parameters, then the name.
    pub fn order(&self, other: &Self) -> std::cmp::Ordering {
        let by_value = other.value.total_cmp(&self.value);
        by_value.then(self.parameters.cmp(&other.parameters)).then_with(|| self.study.cmp(&other.study))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(study: &str, value: f64, parameters: i64) -> Candidate {
        let (backbone, variant) = ("encoder".to_owned(), "main".to_owned());
        Candidate { study: study.to_owned(), backbone, variant, value, finals: vec![value], parameters }
    }

    #[test]
    fn ties_go_to_fewer_parameters_and_then_to_the_name() {
        let mut all = [
            candidate("d", 0.5, 10),
            candidate("c", 0.7, 30),
            candidate("b", 0.7, 20),
            candidate("a", 0.7, 30),
        ];
        all.sort_by(Candidate::order);
        assert_eq!(all.map(|candidate| candidate.study), ["b", "a", "c", "d"]);
    }

    #[test]
    fn one_name_everywhere() {
        for state in GridState::ALL {
            assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
        }
    }
}
