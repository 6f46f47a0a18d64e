//! Grids: searches over datasets x backbones x variants, the pretrainings before them, and the selection after them.
//!
//! `spec` is what is asked for; `cell` unfolds it into studies and holes, `pretraining` into pretrainings, `seed` gives each
//! its seed, `check` refuses what makes no sense; `progress` is how a grid is shown. All of it is pure: this module must not
//! know what is registered, what has run, nor a clock.

mod cell;
mod check;
mod count;
mod pretraining;
mod progress;
pub mod reference;
mod seed;
mod spec;
mod template;
mod variant;

pub use cell::{GridCell, Hole};
pub use check::GridProblem;
pub use count::GridCounts;
pub use progress::{
    Candidate, CellProgress, CellTest, Grid, GridFilter, GridState, GridSummary, PretrainingProgress,
    SelectionRecord, StudyProgress, Usage,
};
pub use spec::{
    Budget, GridBackbone, GridDataset, GridFinals, GridPretraining, GridSpec, Scope, Selection,
    SelectionRule, TestPolicy,
};
pub use template::StudyTemplate;
pub use variant::{MAIN, Variant};

#[cfg(test)]
pub(crate) mod tests;
