//! From cells to pretrainings and studies.
//!
//! Each is created at most once, under a name that follows from the grid, so that a coordinator that was killed between two of
//! them leaves nothing that another could not go on with.

use pedigree_protocol::grid::{GridCell, GridSpec};
use pedigree_protocol::study::{StudyState, Transfer};
use pedigree_protocol::{GridId, StudyId};
use sqlx::PgPool;

use crate::error::{ApiError, ApiResult};
use crate::study::studies::Studies;
use crate::{dapt, study};

/// A cell with its study's state.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    pub(super) cell: GridCell,
    pub(super) study: Option<(StudyId, StudyState)>,
}

/// All cells of a grid, in its order. Holes that were found when the grid was created are among them.
pub(super) async fn read(db: &mut sqlx::PgConnection, id: GridId, spec: &GridSpec) -> ApiResult<Vec<Cell>> {
    let rows = sqlx::query!(
        r#"SELECT c.study_id, c.hole, s.state AS "state?: StudyState"
           FROM grid_cells c LEFT JOIN studies s ON s.id = c.study_id WHERE c.grid_id = $1 ORDER BY c.position"#,
        id.0
    );
    let rows = rows.fetch_all(db).await?;
    let cells = spec.cells().into_iter().zip(rows).map(|(cell, row)| Cell {
        cell: GridCell { hole: row.hole, ..cell },
        study: row.study_id.map(StudyId).zip(row.state),
    });
    Ok(cells.collect())
}

/// Creates the pretrainings that a cell waits for, and the studies of the cells whose turn has come.
pub(super) async fn begin(studies: &Studies, id: GridId, spec: &GridSpec) -> ApiResult<()> {
    let pool = &studies.pool;
    let cells = read(&mut *pool.acquire().await?, id, spec).await?;
    let wanted = |name: &str| {
        cells.iter().any(|cell| cell.cell.hole.is_none() && cell.cell.pretraining.as_deref() == Some(name))
    };
    for pretraining in spec.pretrainings().into_iter().filter(|pretraining| wanted(&pretraining.name)) {
        dapt::create::create_in(pool, pretraining, None, Some(id)).await?;
    }
    for (at, cell) in cells.iter().enumerate() {
        if cell.study.is_none() && cell.cell.hole.is_none() && turn_has_come(spec.study.transfer, &cells, at)
        {
            begin_cell(studies, id, spec, &cell.cell).await?;
        }
    }
    Ok(())
}

/// With transfer on, the first cell of a dataset (by variant) searches before the others, which then learn from it.
fn turn_has_come(transfer: Transfer, cells: &[Cell], at: usize) -> bool {
    if transfer == Transfer::Off {
        return true;
    }
    let own = &cells[at].cell;
    let is_kin = |other: &&Cell| {
        let other = &other.cell;
        other.hole.is_none() && other.dataset == own.dataset && other.variant == own.variant
    };
    match cells.iter().find(is_kin) {
        Some(first) if first.cell.study == own.study => true,
        Some(first) => first.study.is_some_and(|(_, state)| state != StudyState::Searching),
        None => true,
    }
}

async fn begin_cell(studies: &Studies, id: GridId, spec: &GridSpec, cell: &GridCell) -> ApiResult<()> {
    match Box::pin(study::create_in(studies, spec.study_spec(cell), None, Some(id))).await {
        Ok(study) => fill(&studies.pool, id, cell, Some(study.id), None).await,
        // A name that is taken, a backbone that is gone: the cell cannot be had, and blocks no other.
        Err(ApiError::Refused { message, .. }) => fill(&studies.pool, id, cell, None, Some(&message)).await,
        Err(error) => Err(error),
    }
}

/// Notes the study of a cell, or why it has none. Another coordinator may have done so.
async fn fill(
    pool: &PgPool,
    id: GridId,
    cell: &GridCell,
    study: Option<StudyId>,
    hole: Option<&str>,
) -> ApiResult<()> {
    sqlx::query!(
        "UPDATE grid_cells SET study_id = $5, hole = $6
         WHERE grid_id = $1 AND dataset = $2 AND backbone = $3 AND variant = $4 AND study_id IS NULL AND hole IS NULL",
        id.0,
        cell.dataset,
        cell.backbone,
        cell.variant,
        study.map(|study| study.0),
        hole,
    )
    .execute(pool)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(dataset: &str, backbone: &str, state: Option<StudyState>) -> Cell {
        Cell {
            cell: GridCell {
                dataset: dataset.into(),
                backbone: backbone.into(),
                variant: "main".into(),
                study: format!("{dataset}.{backbone}"),
                pretraining: None,
                hole: None,
            },
            study: state.map(|state| (StudyId::new(), state)),
        }
    }

    #[test]
    fn with_transfer_the_first_cell_of_a_dataset_goes_before_the_others() {
        let mut cells = vec![
            cell("d", "hole", None),
            cell("d", "a", Some(StudyState::Searching)),
            cell("d", "b", None),
            cell("e", "a", None),
            cell("e", "b", None),
        ];
        cells[0].cell.hole = Some("it is not there".into());
        let turns = |transfer, cells: &[Cell]| -> Vec<bool> {
            (1..5).map(|at| turn_has_come(transfer, cells, at)).collect()
        };
        assert_eq!(turns(Transfer::Siblings, &cells), [true, false, true, false]);
        assert_eq!(turns(Transfer::Off, &cells), [true; 4]);
        cells[1].study = Some((StudyId::new(), StudyState::Finishing));
        assert_eq!(turns(Transfer::Siblings, &cells), [true, true, true, false]);
    }
}
