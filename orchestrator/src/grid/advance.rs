//! Moving a grid on: cells become studies, settled cells are selected among, ended studies end it.
//!
//! [`advance`] reads the studies and does what follows from them. It is idempotent: it is called when a grid is created and
//! when a study of it has moved on, and by the reconciler in case neither call came to its end.

use pedigree_protocol::GridId;
use pedigree_protocol::StudyId;
use pedigree_protocol::grid::{GridSpec, GridState};
use pedigree_protocol::study::StudyState;
use sqlx::PgConnection;

use crate::error::ApiResult;
use crate::grid::cells::{self, Cell};
use crate::grid::locked::{self, LockedGrid};
use crate::grid::machine::Event;
use crate::grid::{selection, usage};
use crate::study;
use crate::study::studies::Studies;

/// Does whatever the grid's studies call for.
#[tracing::instrument(skip_all, fields(grid.id = %id))]
pub(crate) async fn advance(studies: &Studies, id: GridId) -> ApiResult<()> {
    let pool = &studies.pool;
    let Some(Looked { spec, before, spent_now }) = locked::open(pool, id, look).await? else {
        return Ok(());
    };
    Box::pin(cells::begin(studies, id, &spec)).await?;
    let after = locked::open(pool, id, move_on).await?;
    // What was selected goes on to its test run; what was passed over, or has spent its budget, ends.
    if after != before || spent_now {
        Box::pin(advance_studies(studies, id)).await?;
    }
    if after == GridState::Selecting && before != after {
        locked::open(pool, id, move_on).await?;
    }
    Ok(())
}

/// Moves a study's grid on, where it has one. A study that only searches changes nothing for its grid.
pub(crate) async fn after_study(studies: &Studies, study: StudyId) -> ApiResult<()> {
    let select = sqlx::query_scalar!(
        "SELECT g.id FROM grid_cells c JOIN studies s ON s.id = c.study_id JOIN grids g ON g.id = c.grid_id
         WHERE c.study_id = $1 AND s.state <> 'searching' AND g.ended_at IS NULL",
        study.0
    );
    match select.fetch_optional(&studies.pool).await? {
        Some(grid) => advance(studies, GridId(grid)).await,
        None => Ok(()),
    }
}

/// A grid that has not ended, before anything follows from its studies.
struct Looked {
    spec: GridSpec,
    before: GridState,
    /// Its budget was found spent just now.
    spent_now: bool,
}

/// Looks at a grid, and notes a budget that is spent; nothing where it has ended.
async fn look(db: &mut PgConnection, grid: &LockedGrid) -> ApiResult<Option<Looked>> {
    if grid.state.is_final() {
        return Ok(None);
    }
    let spent_now = spend(db, grid).await?;
    Ok(Some(Looked { spec: grid.spec.clone(), before: grid.state, spent_now }))
}

/// Notes a budget that is spent; whether it was not before. What was taken is added up only where there is a budget.
async fn spend(db: &mut PgConnection, grid: &LockedGrid) -> ApiResult<bool> {
    let budget = grid.spec.budget;
    let is_limited = budget.gpu_hours.is_some() || budget.kwh.is_some();
    let spent_now = is_limited && !grid.spent && usage::is_spent(usage::of(db, grid.id).await?, budget);
    if spent_now {
        sqlx::query!("UPDATE grids SET spent = true WHERE id = $1", grid.id.0).execute(&mut *db).await?;
        tracing::info!(grid.id = %grid.id, "the grid's budget is spent");
        // A cell that has not begun does not begin any more.
        sqlx::query!(
            "UPDATE grid_cells SET hole = 'the grid''s budget was spent before it began'
             WHERE grid_id = $1 AND study_id IS NULL AND hole IS NULL",
            grid.id.0
        )
        .execute(&mut *db)
        .await?;
        sqlx::query!(
            "UPDATE studies s SET enough = true FROM grid_cells c
             WHERE c.grid_id = $1 AND s.id = c.study_id AND s.state = 'searching' AND NOT s.enough",
            grid.id.0
        )
        .execute(db)
        .await?;
    }
    Ok(spent_now)
}

/// Takes the step that is due, if one is.
async fn move_on(db: &mut PgConnection, grid: &LockedGrid) -> ApiResult<GridState> {
    match grid.state {
        GridState::Pretraining if !pretrains(db, grid.id).await? => {
            grid.step(db, Event::Pretrained, None).await
        }
        GridState::Searching if all_settled(db, grid).await? => {
            if selection::select(db, grid).await? {
                return grid.step(db, Event::Selected, None).await;
            }
            let why = "no cell has completed its final runs; the failures of the studies say why";
            grid.step(db, Event::Failed, Some(why)).await
        }
        GridState::Selecting if all_ended(db, grid).await? => grid.step(db, Event::Tested, None).await,
        state => Ok(state),
    }
}

async fn pretrains(db: &mut PgConnection, id: GridId) -> ApiResult<bool> {
    let select = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM queue q JOIN pretrainings p ON p.id = q.id
                          WHERE q.grid_id = $1 AND q.open) AS "open!""#,
        id.0
    );
    Ok(select.fetch_one(db).await?)
}

/// Whether no cell searches or trains any more: each is a hole, has ended, or waits for the selection.
async fn all_settled(db: &mut PgConnection, grid: &LockedGrid) -> ApiResult<bool> {
    let cells = cells::read(&mut *db, grid.id, &grid.spec).await?;
    let open: Vec<_> = cells.iter().filter(|cell| !has_ended(cell)).collect();
    if open.iter().any(|cell| !matches!(cell.study, Some((_, StudyState::Finishing)))) {
        return Ok(false);
    }
    let finishing: Vec<_> = open.iter().filter_map(|cell| cell.study).map(|(id, _)| id.0).collect();
    let select = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM runs WHERE queue_id = ANY ($1) AND ended_at IS NULL
                          AND kind IN ('trial', 'final')) AS "trains!""#,
        &finishing
    );
    Ok(!select.fetch_one(db).await?)
}

async fn all_ended(db: &mut PgConnection, grid: &LockedGrid) -> ApiResult<bool> {
    Ok(cells::read(db, grid.id, &grid.spec).await?.iter().all(has_ended))
}

fn has_ended(cell: &Cell) -> bool {
    cell.cell.hole.is_some() || cell.study.is_some_and(|(_, state)| state.is_final())
}

async fn advance_studies(studies: &Studies, id: GridId) -> ApiResult<()> {
    let select = sqlx::query_scalar!(
        "SELECT s.id FROM grid_cells c JOIN studies s ON s.id = c.study_id
         WHERE c.grid_id = $1 AND s.ended_at IS NULL ORDER BY c.position",
        id.0
    );
    for study in select.fetch_all(&studies.pool).await? {
        study::advance(studies, StudyId(study)).await?;
    }
    Ok(())
}
