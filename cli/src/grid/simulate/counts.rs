//! Whether a grid that has ended holds exactly the runs and seals that its specification asks for.

use std::collections::{BTreeMap, HashMap};

use pedigree_protocol::finals::FinalModel;
use pedigree_protocol::grid::{CellProgress, Grid, GridSpec, GridState, TestPolicy};
use serde::Serialize;
use sqlx::{Connection as _, PgConnection, Row as _};

/// What one study has, or should have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(super) struct Runs {
    /// Trials that have completed or were pruned.
    pub(super) trials: i64,
    /// Final runs that have completed.
    pub(super) finals: i64,
    /// Test runs that have completed.
    pub(super) tests: i64,
    /// Sealed openings of the test split.
    pub(super) seals: i64,
    /// Runs in any other state, and seals without a result.
    pub(super) others: i64,
}

/// A cell with what it has.
#[derive(Debug, Clone, Serialize)]
pub(super) struct CellCount {
    pub(super) dataset: String,
    pub(super) backbone: String,
    pub(super) variant: String,
    pub(super) hole: Option<String>,
    pub(super) winner: bool,
    #[serde(flatten)]
    pub(super) runs: Runs,
}

/// The cells of a grid with what they have, and a sentence for each count that is off.
pub(super) async fn check(
    database_url: &str,
    spec: &GridSpec,
    grid: &Grid,
) -> anyhow::Result<(Vec<CellCount>, Vec<String>)> {
    let mut db = PgConnection::connect(database_url).await?;
    let stored = stored(&mut db, &spec.name).await?;
    let cells: Vec<CellCount> = grid.cells.iter().map(|cell| counted(grid, cell, &stored)).collect();
    let mut wrong = compare(spec, grid, &cells);
    wrong.extend(too_early(&mut db, &spec.name).await?);
    db.close().await?;
    Ok((cells, wrong))
}

fn counted(grid: &Grid, cell: &CellProgress, stored: &HashMap<String, Runs>) -> CellCount {
    CellCount {
        dataset: cell.cell.dataset.clone(),
        backbone: cell.cell.backbone.clone(),
        variant: cell.cell.variant.clone(),
        hole: cell.cell.hole.clone(),
        winner: grid.selections.iter().any(|selection| selection.study == cell.cell.study),
        runs: stored.get(&cell.cell.study).copied().unwrap_or_default(),
    }
}

/// What each study has, by name.
async fn stored(db: &mut PgConnection, grid: &str) -> anyhow::Result<HashMap<String, Runs>> {
    let rows = sqlx::query(
        "SELECT q.name, r.*, e.* FROM grids g JOIN queue q ON q.grid_id = g.id
         CROSS JOIN LATERAL (
             SELECT count(*) FILTER (WHERE kind = 'trial' AND state IN ('completed', 'pruned')) AS trials,
                    count(*) FILTER (WHERE kind = 'final' AND state = 'completed') AS finals,
                    count(*) FILTER (WHERE kind = 'test' AND state = 'completed') AS tests,
                    count(*) FILTER (WHERE state NOT IN ('completed', 'pruned')) AS others
             FROM runs WHERE queue_id = q.id) r
         CROSS JOIN LATERAL (
             SELECT count(*) FILTER (WHERE sealed_at IS NOT NULL) AS seals,
                    count(*) FILTER (WHERE sealed_at IS NULL) AS open
             FROM seals WHERE study_id = q.id) e
         WHERE g.name = $1",
    );
    let mut stored = HashMap::new();
    for row in rows.bind(grid).fetch_all(db).await? {
        let runs = Runs {
            trials: row.try_get("trials")?,
            finals: row.try_get("finals")?,
            tests: row.try_get("tests")?,
            seals: row.try_get("seals")?,
            others: row.try_get::<i64, _>("others")? + row.try_get::<i64, _>("open")?,
        };
        stored.insert(row.try_get("name")?, runs);
    }
    Ok(stored)
}

/// Test splits that were opened before their dataset's winner was on record.
async fn too_early(db: &mut PgConnection, grid: &str) -> anyhow::Result<Vec<String>> {
    let names: Vec<String> = sqlx::query_scalar(
        "SELECT q.name FROM grids g JOIN grid_cells c ON c.grid_id = g.id
         JOIN queue q ON q.id = c.study_id JOIN seals e ON e.study_id = c.study_id
         WHERE g.name = $1 AND NOT EXISTS (
             SELECT FROM grid_selections x
             WHERE x.grid_id = g.id AND x.dataset = c.dataset AND x.made_at <= e.opened_at)",
    )
    .bind(grid)
    .fetch_all(db)
    .await?;
    Ok(names.into_iter().map(|name| format!("{name} opened its test split before the selection")).collect())
}

/// A sentence for each count that is off.
fn compare(spec: &GridSpec, grid: &Grid, cells: &[CellCount]) -> Vec<String> {
    let mut wrong = Vec::new();
    if grid.summary.state != GridState::Completed {
        let why = grid.summary.failure.as_deref().unwrap_or("it says no reason");
        wrong.push(format!("the grid has ended as {}: {why}", grid.summary.state.as_str()));
    }
    let mut winners: BTreeMap<&str, u32> = BTreeMap::new();
    for (cell, count) in spec.cells().iter().zip(cells) {
        if count.hole.is_some() != cell.hole.is_some() {
            wrong.push(format!("{} is {} hole", cell.study, if cell.hole.is_some() { "no" } else { "a" }));
        }
        let wanted = if cell.hole.is_some() {
            Runs::default()
        } else {
            *winners.entry(&count.dataset).or_default() += u32::from(count.winner);
            wanted(spec, i64::from(spec.study_spec(cell).trials), count.winner)
        };
        let pairs = [
            ("trials", count.runs.trials, wanted.trials),
            ("final runs", count.runs.finals, wanted.finals),
            ("test runs", count.runs.tests, wanted.tests),
            ("seals", count.runs.seals, wanted.seals),
            ("runs that failed or did not end", count.runs.others, 0),
        ];
        let off = pairs.iter().filter(|(_, is, wanted)| is != wanted);
        wrong.extend(off.map(|(what, is, wanted)| format!("{} has {is} {what}, not {wanted}", cell.study)));
    }
    let off = winners.iter().filter(|(_, count)| **count != 1);
    wrong.extend(off.map(|(dataset, count)| format!("{dataset} has {count} winners, not 1")));
    wrong
}

fn wanted(spec: &GridSpec, trials: i64, winner: bool) -> Runs {
    let trains = spec.finals.model == FinalModel::Retrain;
    let tested = i64::from(winner || spec.finals.test == TestPolicy::Cells);
    Runs {
        trials,
        finals: if trains { spec.finals.seeds.into() } else { 0 },
        tests: tested,
        seals: tested,
        others: 0,
    }
}
