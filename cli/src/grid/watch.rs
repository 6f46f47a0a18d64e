//! `pedigree grid watch`: the table of cells as it moves, a line for each step, and the result at the end.

use std::collections::HashMap;
use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressStyle};
use pedigree_protocol::client::Client;
use pedigree_protocol::grid::{Grid, GridState};
use pedigree_protocol::study::StudyState;

use super::show::write;
use super::table::{cells, dev};
use crate::follow::{self, Followed};
use crate::output::Output;

/// Follows a grid until it ends, then prints its result.
pub(super) async fn to_the_end(client: &Client, name: &str, output: Output) -> anyhow::Result<ExitCode> {
    let followed = Followed { noun: "grid", watch: "pedigree grid watch", name };
    let grid = match follow::until(&followed, output, watch(client, name, output)).await? {
        Ok(grid) => grid,
        Err(detached) => return Ok(detached),
    };
    output.document(&grid, |screen| write(screen, &grid))?;
    let completed = grid.summary.state == GridState::Completed;
    Ok(if completed { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

async fn watch(client: &Client, name: &str, output: Output) -> anyhow::Result<Grid> {
    // At a terminal the table stands below the lines and moves; a file gets the lines only.
    let bar =
        ProgressBar::new_spinner().with_style(ProgressStyle::with_template("{msg}\n{spinner} {elapsed}")?);
    let say = |line: &str| bar.suspend(|| output.note(line));
    let mut seen = Seen::default();
    let ask = async || {
        let grid = client.grid(name).await?;
        seen.update(&grid).iter().for_each(|line| say(line));
        bar.set_message(format!("{}\n{}", cells(&grid), progress(&grid)));
        bar.tick();
        if !grid.summary.state.is_final() {
            return Ok(None);
        }
        bar.finish_and_clear();
        Ok(Some(grid))
    };
    follow::poll(say, ask).await
}

fn progress(grid: &Grid) -> String {
    let summary = &grid.summary;
    format!(
        "{}: {}/{} cells settled, {}/{} trials",
        summary.state.as_str(),
        summary.settled,
        summary.cells,
        summary.trials_ended,
        summary.trials
    )
}

/// What was told last.
#[derive(Debug, Default)]
struct Seen {
    grid: Option<GridState>,
    studies: HashMap<String, (StudyState, i64)>,
    selected: usize,
}

impl Seen {
    /// The lines about what is new.
    fn update(&mut self, grid: &Grid) -> Vec<String> {
        let mut lines = Vec::new();
        if self.grid.replace(grid.summary.state) != Some(grid.summary.state) {
            lines.push(format!("grid {} is {}", grid.summary.name, grid.summary.state.as_str()));
        }
        for cell in &grid.cells {
            let Some(study) = &cell.progress else { continue };
            let now = (study.state, study.trials.ended());
            if self.studies.insert(cell.cell.study.clone(), now) == Some(now) {
                continue;
            }
            let best =
                study.best.as_ref().map_or_else(String::new, |best| format!("  best {:.4}", best.value));
            let what = match study.state {
                StudyState::Searching => format!("{}/{} trials{best}", now.1, study.budget),
                StudyState::Finishing => format!("final runs{best}"),
                StudyState::Testing => format!("test run{best}"),
                StudyState::Completed => {
                    let dev = dev(study).map_or_else(String::new, |dev| format!("  final dev F1 {dev:.4}"));
                    let test =
                        study.test.map_or_else(String::new, |test| format!("  test F1 {:.4}", test.strict));
                    format!("completed{dev}{test}")
                }
                StudyState::Failed => format!("failed: {}", study.failure.as_deref().unwrap_or_default()),
                StudyState::Cancelled => "cancelled".to_owned(),
            };
            lines.push(format!("{}  {what}", cell.cell.study));
        }
        for selection in grid.selections.iter().skip(self.selected) {
            lines.push(format!("{}: {} is selected", selection.dataset, selection.study));
        }
        self.selected = grid.selections.len();
        lines
    }
}
