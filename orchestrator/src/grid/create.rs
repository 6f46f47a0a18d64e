//! Creating a grid: its row and its cells, holes included.

use std::collections::BTreeSet;

use pedigree_protocol::grid::{Grid, GridCell, GridSpec, Scope};
use pedigree_protocol::{GridId, TokenId};
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool};

use crate::db;
use crate::error::{ApiError, ApiResult};
use crate::grid::{advance, locked, view};
use crate::queue::entry::count;
use crate::study::{self, studies::Studies};

/// Creates a grid and begins its cells. The same specification under the same name again continues the grid that is there.
pub(super) async fn create(studies: &Studies, spec: GridSpec, owner: Option<TokenId>) -> ApiResult<Grid> {
    check(&spec)?;
    let id = match existing(&studies.pool, &spec).await? {
        Some(id) => id,
        None => add(&studies.pool, &spec, owner).await?,
    };
    advance(studies, id).await?;
    view::by_id(&studies.pool, id).await
}

fn check(spec: &GridSpec) -> ApiResult<()> {
    let problems = spec.check();
    if !problems.is_empty() {
        let said: Vec<_> = problems.iter().map(ToString::to_string).collect();
        return Err(ApiError::invalid(said.join("; ")));
    }
    if spec.scope == Scope::Shared {
        return Err(ApiError::invalid(
            "scope: shared cannot be run by this release, whose studies have one dataset; write per-cell",
        ));
    }
    spec.cells().iter().try_for_each(|cell| study::can_be_done(&spec.study_spec(cell)))
}

/// The grid that has the name, if it asks for the same.
async fn existing(pool: &PgPool, spec: &GridSpec) -> ApiResult<Option<GridId>> {
    let select =
        sqlx::query!(r#"SELECT id, spec AS "spec: Json<GridSpec>" FROM grids WHERE name = $1"#, spec.name);
    match select.fetch_optional(pool).await? {
        None => Ok(None),
        Some(row) if row.spec.0 == *spec => Ok(Some(GridId(row.id))),
        Some(_) => Err(ApiError::conflict(format!(
            "a grid {:?} with another specification exists already; choose another name",
            spec.name
        ))),
    }
}

async fn add(pool: &PgPool, spec: &GridSpec, owner: Option<TokenId>) -> ApiResult<GridId> {
    let id = GridId::new();
    let added = db::transaction(pool, async |db| {
        if !insert(db, id, spec, owner).await? {
            return Ok(false);
        }
        let registered = Registered::read(db).await?;
        let cells: Vec<GridCell> = spec.cells().into_iter().map(|cell| registered.look(cell)).collect();
        if cells.iter().all(|cell| cell.hole.is_some()) {
            let why: BTreeSet<&str> = cells.iter().filter_map(|cell| cell.hole.as_deref()).collect();
            let why: Vec<_> = why.into_iter().collect();
            return Err(ApiError::invalid(format!("no cell of the grid can be had: {}", why.join("; "))));
        }
        insert_cells(db, id, &cells).await?;
        Ok(true)
    })
    .await?;
    if added {
        tracing::info!(grid.id = %id, grid = spec.name, "grid created");
        return Ok(id);
    }
    // Another request has created it meanwhile.
    existing(pool, spec).await?.ok_or_else(|| locked::unknown(&spec.name))
}

async fn insert(
    db: &mut PgConnection,
    id: GridId,
    spec: &GridSpec,
    owner: Option<TokenId>,
) -> ApiResult<bool> {
    let most = spec.max_concurrent.map(|most| count("max_concurrent", most, 1)).transpose()?;
    let insert = sqlx::query!(
        "INSERT INTO grids (id, name, owner, spec, priority, max_concurrent)
         VALUES ($1, $2, (SELECT name FROM tokens WHERE id = $3), $4, $5, $6) ON CONFLICT (name) DO NOTHING",
        id.0,
        spec.name,
        owner.map(|token| token.0),
        Json(spec) as _,
        spec.priority,
        most,
    );
    Ok(insert.execute(db).await?.rows_affected() == 1)
}

async fn insert_cells(db: &mut PgConnection, id: GridId, cells: &[GridCell]) -> ApiResult<()> {
    let column = |of: fn(&GridCell) -> &str| cells.iter().map(|cell| of(cell).to_owned()).collect::<Vec<_>>();
    let holes: Vec<Option<String>> = cells.iter().map(|cell| cell.hole.clone()).collect();
    sqlx::query!(
        "INSERT INTO grid_cells (grid_id, position, dataset, backbone, variant, hole)
         SELECT $1, row_number() OVER () - 1, dataset, backbone, variant, hole
         FROM unnest($2::text[], $3::text[], $4::text[], $5::text[]) AS cell (dataset, backbone, variant, hole)",
        id.0,
        &column(|cell| &cell.dataset),
        &column(|cell| &cell.backbone),
        &column(|cell| &cell.variant),
        &holes as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// What is registered with this coordinator.
struct Registered {
    datasets: BTreeSet<String>,
    backbones: BTreeSet<String>,
}

impl Registered {
    async fn read(db: &mut PgConnection) -> ApiResult<Self> {
        let datasets = sqlx::query_scalar!("SELECT name FROM datasets").fetch_all(&mut *db).await?;
        let backbones = sqlx::query_scalar!("SELECT name FROM backbones").fetch_all(db).await?;
        Ok(Self { datasets: datasets.into_iter().collect(), backbones: backbones.into_iter().collect() })
    }

    /// The cell; a hole where its dataset or backbone is not registered.
    fn look(&self, cell: GridCell) -> GridCell {
        let missing = |noun: &str, name: &str, add: &str| {
            format!(
                "{noun} {name}: is not registered; `pedigree {add} add` registers it, then give the grid another name"
            )
        };
        let hole = if !self.datasets.contains(&cell.dataset) {
            Some(missing("dataset", &cell.dataset, "data"))
        } else if !self.backbones.contains(&cell.backbone) {
            Some(missing("backbone", &cell.backbone, "backbone"))
        } else {
            None
        };
        GridCell { hole: cell.hole.clone().or(hole), ..cell }
    }
}
