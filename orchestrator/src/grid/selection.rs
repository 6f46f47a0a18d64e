//! Selecting: for each dataset the cell whose final runs did best on dev.
//!
//! Owns the rule and its record. Nothing of a test split is read here, and none is opened before the record is written.

use std::collections::BTreeMap;

use pedigree_protocol::StudyId;
use pedigree_protocol::finals::FinalModel;
use pedigree_protocol::grid::{Candidate, GridSpec, SelectionRule};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::error::{ApiError, ApiResult};
use crate::grid::locked::LockedGrid;

/// What a selection saw, as the column `grid_selections.record` holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Seen {
    pub(super) by: SelectionRule,
    /// Best first.
    pub(super) candidates: Vec<Candidate>,
}

/// What becomes of a study whose final runs have completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Its test split is opened.
    Test,
    /// A selection comes first.
    Wait,
    /// The selection went to another study.
    PassOver,
}

/// The verdict on a study; one without a grid waits for nobody.
pub(crate) async fn verdict(db: &mut PgConnection, study: StudyId) -> ApiResult<Verdict> {
    let select = sqlx::query_scalar!(r#"SELECT selection_verdict($1) AS "verdict!""#, study.0);
    match select.fetch_one(db).await?.as_str() {
        "test" => Ok(Verdict::Test),
        "wait" => Ok(Verdict::Wait),
        "pass_over" => Ok(Verdict::PassOver),
        other => Err(ApiError::Broken(format!("{other} is no verdict on a study"))),
    }
}

/// Selects each dataset's winner and writes it down; false where there is none to select.
pub(super) async fn select(db: &mut PgConnection, grid: &LockedGrid) -> ApiResult<bool> {
    let mut selected = false;
    for (dataset, mut candidates) in candidates(db, grid).await? {
        candidates.sort_by(|(_, a), (_, b)| a.order(b));
        let Some(&(winner, _)) = candidates.first() else { continue };
        let candidates = candidates.into_iter().map(|(_, candidate)| candidate).collect();
        let seen = Seen { by: grid.spec.selection.by, candidates };
        sqlx::query!(
            "INSERT INTO grid_selections (grid_id, dataset, number, study_id, record)
             SELECT $1, $2, 1 + count(*), $3, $4 FROM grid_selections WHERE grid_id = $1 AND dataset = $2",
            grid.id.0,
            dataset,
            winner.0,
            Json(seen) as _,
        )
        .execute(&mut *db)
        .await?;
        tracing::info!(grid.id = %grid.id, dataset, study.id = %winner, "winner selected");
        selected = true;
    }
    Ok(selected)
}

/// All that can be selected, by dataset: cells whose final runs have completed.
async fn candidates(
    db: &mut PgConnection,
    grid: &LockedGrid,
) -> ApiResult<BTreeMap<String, Vec<(StudyId, Candidate)>>> {
    let rows = sqlx::query!(
        r#"SELECT c.dataset, c.backbone, c.variant, s.id, q.name AS study, b.value AS "best!",
               (k.spec -> 'shape' ->> 'parameters')::bigint AS "parameters!",
               coalesce((SELECT array_agg(r.value ORDER BY r.replicate) FROM runs r
                         WHERE r.queue_id = s.id AND r.kind = 'final' AND r.state = 'completed'), '{}') AS "finals!: Vec<f64>"
           FROM grid_cells c
           JOIN studies s ON s.id = c.study_id
           JOIN queue q ON q.id = s.id
           JOIN backbones k ON k.id = q.backbone_id
           JOIN runs b ON b.id = best_trial(s.id)
           WHERE c.grid_id = $1 AND s.state = 'finishing' ORDER BY c.position"#,
        grid.id.0
    );
    let mut by_dataset: BTreeMap<String, Vec<(StudyId, Candidate)>> = BTreeMap::new();
    for row in rows.fetch_all(db).await? {
        let candidate = Candidate {
            study: row.study,
            backbone: row.backbone,
            variant: row.variant,
            value: judged_by(&grid.spec, row.best, &row.finals),
            finals: row.finals,
            parameters: row.parameters,
        };
        by_dataset.entry(row.dataset).or_default().push((StudyId(row.id), candidate));
    }
    Ok(by_dataset)
}

/// The mean of the final runs; the best trial's value where the rule says so, or where no final run was trained.
fn judged_by(spec: &GridSpec, best: f64, finals: &[f64]) -> f64 {
    if spec.selection.by == SelectionRule::BestTrial
        || spec.finals.model == FinalModel::BestTrial
        || finals.is_empty()
    {
        return best;
    }
    #[expect(clippy::cast_precision_loss, reason = "a handful of runs")]
    let count = finals.len() as f64;
    finals.iter().sum::<f64>() / count
}
