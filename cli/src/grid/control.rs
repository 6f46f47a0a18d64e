//! `pedigree grid pause`, `resume`, `cancel` and `priority`.

use pedigree_protocol::grid::Grid;

use super::show::held;
use crate::output::Output;

/// Says a grid's state after a command changed it.
pub(super) fn say(grid: &Grid, output: Output) -> anyhow::Result<()> {
    output.document(grid, |screen| {
        let summary = &grid.summary;
        let (name, state, priority) = (&summary.name, summary.state.as_str(), summary.priority);
        writeln!(screen, "grid {name} is {state}{}, priority {priority}", held(summary.hold))
    })
}
