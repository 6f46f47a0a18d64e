//! Grids as they are shown.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use pedigree_protocol::dapt::DaptSummary;
use pedigree_protocol::grid::{
    CellProgress, CellTest, Grid, GridFilter, GridSpec, GridState, GridSummary, PretrainingProgress,
    SelectionRecord, StudyProgress,
};
use pedigree_protocol::objective::ScoringProtocol;
use pedigree_protocol::page::{Page, PageQuery};
use pedigree_protocol::resources::Hold;
use pedigree_protocol::run::RunState;
use pedigree_protocol::study::Study;
use pedigree_protocol::{GridId, StudyId};
use sqlx::PgPool;
use sqlx::types::Json;
use uuid::Uuid;

use crate::error::ApiResult;
use crate::grid::locked::{self, unknown};
use crate::grid::selection::Seen;
use crate::grid::{cells, usage};
use crate::page::{Newest, Wanted};
use crate::study;

/// A page of the grids, newest first.
pub(super) async fn list(
    pool: &PgPool,
    page: &PageQuery,
    filter: &GridFilter,
) -> ApiResult<Page<GridSummary>> {
    let wanted = Wanted::<Newest>::read(page)?;
    let select = sqlx::query_scalar!(
        "SELECT g.id FROM grids g
         WHERE ($1::grid_state IS NULL OR g.state = $1)
             AND ($2::timestamptz IS NULL OR (g.created_at, g.id) < ($2, $3::uuid))
         ORDER BY g.created_at DESC, g.id DESC LIMIT $4",
        filter.state as _,
        wanted.after.map(|after| after.at),
        wanted.after.map(|after| after.id),
        wanted.rows(),
    );
    let grids = summaries(pool, &select.fetch_all(pool).await?).await?;
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM grids WHERE $1::grid_state IS NULL OR state = $1"#,
        filter.state as _
    );
    let total = count.fetch_one(pool).await?;
    let grids = grids.into_iter().map(|row| row.summary).collect();
    wanted.cut(grids, total, |grid| Newest { at: grid.created_at, id: grid.id.0 })
}

/// One grid, by id or name.
pub(super) async fn get(pool: &PgPool, id_or_name: &str) -> ApiResult<Grid> {
    let found = locked::find(&mut *pool.acquire().await?, id_or_name).await?;
    by_id(pool, found.ok_or_else(|| unknown(id_or_name))?).await
}

/// One grid, by its id.
pub(crate) async fn by_id(pool: &PgPool, id: GridId) -> ApiResult<Grid> {
    let row = summaries(pool, &[id.0]).await?.into_iter().next().ok_or_else(|| unknown(&id.to_string()))?;
    let spec = row.spec;
    let mut db = pool.acquire().await?;
    let cells = cells::read(&mut db, id, &spec).await?;
    let usage = usage::of(&mut db, id).await?;
    drop(db);
    let ids: Vec<Uuid> = cells.iter().filter_map(|cell| cell.study).map(|(id, _)| id.0).collect();
    let mut studies: BTreeMap<StudyId, Study> =
        study::view::by_ids(pool, &ids).await?.into_iter().map(|study| (study.id, study)).collect();
    let cells = cells.into_iter().map(|cell| CellProgress {
        cell: cell.cell,
        progress: cell.study.and_then(|(id, _)| studies.remove(&id)).map(progress),
    });
    Ok(Grid {
        cells: cells.collect(),
        usage,
        pretrainings: pretrainings(pool, id).await?,
        selections: selections(pool, id).await?,
        summary: row.summary,
        spec,
        spent: row.spent,
    })
}

fn progress(study: Study) -> StudyProgress {
    StudyProgress {
        id: study.id,
        test: test(&study),
        state: study.state,
        failure: study.failure,
        waits: study.waits,
        trials: study.trials,
        budget: study.spec.trials,
        best: study.best,
        finals: study.finals,
        behind: study.behind,
    }
}

fn test(study: &Study) -> Option<CellTest> {
    let seal = study.seal.as_ref()?;
    Some(CellTest {
        run_id: seal.run_id,
        strict: seal.f1(ScoringProtocol::Strict)?,
        conlleval: seal.f1(ScoringProtocol::Conlleval)?,
        models: i64::try_from(seal.results.len()).unwrap_or(i64::MAX),
    })
}

struct Shown {
    summary: GridSummary,
    spec: GridSpec,
    spent: bool,
}

/// Several grids, newest first.
async fn summaries(pool: &PgPool, ids: &[Uuid]) -> ApiResult<Vec<Shown>> {
    let select = sqlx::query_file_as!(Row, "src/grid/view.sql", ids);
    Ok(select.fetch_all(pool).await?.into_iter().map(Row::shown).collect())
}

struct Row {
    id: Uuid,
    name: String,
    state: GridState,
    failure: Option<String>,
    hold: Hold,
    priority: i32,
    owner: Option<String>,
    spec: Json<GridSpec>,
    spent: bool,
    cells: i64,
    holes: i64,
    settled: i64,
    trials_ended: i64,
    trials: i64,
    created_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
}

impl Row {
    fn shown(self) -> Shown {
        let count = |items: usize| i64::try_from(items).unwrap_or(i64::MAX);
        let spec = self.spec.0;
        let summary = GridSummary {
            id: GridId(self.id),
            name: self.name,
            state: self.state,
            failure: self.failure,
            hold: self.hold,
            priority: self.priority,
            owner: self.owner,
            datasets: count(spec.datasets.len()),
            backbones: count(spec.backbones.len()),
            cells: self.cells,
            holes: self.holes,
            settled: self.settled,
            trials_ended: self.trials_ended,
            trials: self.trials,
            created_at: self.created_at,
            ended_at: self.ended_at,
        };
        Shown { summary, spec, spent: self.spent }
    }
}

async fn pretrainings(pool: &PgPool, id: GridId) -> ApiResult<Vec<PretrainingProgress>> {
    let select = sqlx::query!(
        r#"SELECT q.name, r.state AS "state: RunState", r.summary AS "summary: Json<DaptSummary>"
           FROM queue q JOIN pretrainings p ON p.id = q.id JOIN runs r ON r.queue_id = q.id
           WHERE q.grid_id = $1 ORDER BY q.created_at, q.id"#,
        id.0
    );
    let rows = select.fetch_all(pool).await?.into_iter();
    Ok(rows
        .map(|row| PretrainingProgress {
            name: row.name,
            state: row.state,
            summary: row.summary.map(|summary| summary.0),
        })
        .collect())
}

async fn selections(pool: &PgPool, id: GridId) -> ApiResult<Vec<SelectionRecord>> {
    let select = sqlx::query!(
        r#"SELECT DISTINCT ON (x.dataset) x.dataset, x.number, x.study_id, q.name, x.record AS "seen: Json<Seen>", x.made_at
           FROM grid_selections x JOIN queue q ON q.id = x.study_id
           WHERE x.grid_id = $1 ORDER BY x.dataset, x.number DESC"#,
        id.0
    );
    let rows = select.fetch_all(pool).await?.into_iter();
    Ok(rows
        .map(|row| SelectionRecord {
            dataset: row.dataset,
            number: row.number,
            study_id: StudyId(row.study_id),
            study: row.name,
            by: row.seen.0.by,
            candidates: row.seen.0.candidates,
            made_at: row.made_at,
        })
        .collect())
}
