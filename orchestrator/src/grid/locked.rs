//! A grid under its row lock: only its holder selects and moves it from state to state.
//!
//! Lock order: the grid before any study. Studies are created and moved on without the grid's lock.

use pedigree_protocol::GridId;
use pedigree_protocol::grid::{GridSpec, GridState};
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool};

use crate::db;
use crate::error::{ApiError, ApiResult};
use crate::grid::machine::{self, Event};

/// A grid under its row lock.
#[derive(Debug)]
pub(crate) struct LockedGrid {
    pub(crate) id: GridId,
    pub(crate) spec: GridSpec,
    pub(crate) state: GridState,
    /// Its budget is spent.
    pub(crate) spent: bool,
}

/// The id of a grid that was named by its id or name, if there is one.
pub(crate) async fn find(db: &mut PgConnection, id_or_name: &str) -> ApiResult<Option<GridId>> {
    let select = sqlx::query_scalar!(
        "SELECT id FROM grids WHERE id = $1 OR name = $2",
        id_or_name.parse::<GridId>().ok().map(|id| id.0),
        id_or_name
    );
    Ok(select.fetch_optional(db).await?.map(GridId))
}

/// The answer about a grid that is not there.
pub(crate) fn unknown(id_or_name: &str) -> ApiError {
    ApiError::not_found(format!("there is no grid {id_or_name:?}; `pedigree grid list` shows all"))
}

/// Does `work` on a grid under its lock. What it wrote is committed if it succeeds, and rolled back otherwise.
///
/// # Errors
/// When there is no such grid, and what `work` answers.
pub(crate) async fn open<T>(
    pool: &PgPool,
    id: GridId,
    work: impl AsyncFnOnce(&mut PgConnection, &LockedGrid) -> ApiResult<T>,
) -> ApiResult<T> {
    db::transaction(pool, async |db| {
        let select = sqlx::query!(
            r#"SELECT spec AS "spec: Json<GridSpec>", state AS "state: GridState", spent
               FROM grids WHERE id = $1 FOR NO KEY UPDATE"#,
            id.0
        );
        let row = select.fetch_optional(&mut *db).await?.ok_or_else(|| unknown(&id.to_string()))?;
        work(db, &LockedGrid { id, spec: row.spec.0, state: row.state, spent: row.spent }).await
    })
    .await
}

impl LockedGrid {
    /// Refuses a grid that has ended.
    pub(crate) fn must_be_open(&self) -> ApiResult<()> {
        if self.state.is_final() {
            return Err(ApiError::conflict(format!("the grid {:?} has ended already", self.spec.name)));
        }
        Ok(())
    }

    /// Takes a step: the one function that writes a grid's state.
    pub(crate) async fn step(
        &self,
        db: &mut PgConnection,
        event: Event,
        failure: Option<&str>,
    ) -> ApiResult<GridState> {
        let state = machine::step(self.state, event).map_err(|error| ApiError::Broken(error.to_string()))?;
        sqlx::query!(
            "UPDATE grids SET state = $2, failure = $3, ended_at = CASE WHEN $4 THEN now() END WHERE id = $1",
            self.id.0,
            state as _,
            failure,
            state.is_final(),
        )
        .execute(db)
        .await?;
        tracing::info!(grid.id = %self.id, grid = self.spec.name, ?state, failure, "grid changed");
        Ok(state)
    }
}
