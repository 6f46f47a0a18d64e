//! Seals in the database.

use pedigree_protocol::artifact::Sha256;
use pedigree_protocol::lease::TrainedModel;
use pedigree_protocol::report::TestSummary;
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::artifact::sql::parse;
use crate::error::{ApiError, ApiResult};
use crate::lease::held::Held;

/// Records that the test run opens its study's test split, and answers the split's hash.
///
/// A later attempt may open it again while no scores are sealed; that is counted. An attempt that asks again because the
/// answer was lost is not counted twice. A study has one test run; what else may have opened its split is the final run of
/// an earlier release, which was stopped before its scores were sealed.
pub(crate) async fn open(db: &mut PgConnection, held: &Held) -> ApiResult<Sha256> {
    let sealed = sqlx::query_scalar!(
        "INSERT INTO seals (study_id, dataset_id, run_id, attempt, test_sha256, grid_id, selection)
         SELECT s.id, d.id, $2, $3, d.test_sha256, x.grid_id, x.number
         FROM studies s JOIN datasets d ON d.id = s.dataset_id
         LEFT JOIN grid_cells c ON c.study_id = s.id
         LEFT JOIN LATERAL (
             SELECT grid_id, number FROM grid_selections
             WHERE grid_id = c.grid_id AND dataset = c.dataset ORDER BY number DESC LIMIT 1
         ) x ON true
         WHERE s.id = $1
         ON CONFLICT (study_id) DO UPDATE SET run_id = excluded.run_id, attempt = excluded.attempt,
             openings = seals.openings + ((seals.run_id, seals.attempt) <> (excluded.run_id, excluded.attempt))::integer
         WHERE seals.results IS NULL
         RETURNING test_sha256",
        held.queue.0,
        held.run.0,
        held.attempt.0,
    );
    match sealed.fetch_optional(db).await? {
        Some(sha256) => parse(&sha256),
        None => Err(ApiError::sealed(
            "the test split of this study was opened before; it can be opened only once",
        )),
    }
}

/// Seals the scores of a test run: one result for each model that it was given.
pub(crate) async fn close(db: &mut PgConnection, held: &Held, summary: &TestSummary) -> ApiResult<()> {
    let select = sqlx::query_scalar!(
        r#"SELECT models AS "models!: Json<Vec<TrainedModel>>" FROM runs WHERE id = $1"#,
        held.run.0
    );
    let given: Vec<_> = select.fetch_one(&mut *db).await?.0.iter().map(|m| (m.run_id, m.seed)).collect();
    let scored: Vec<_> = summary.results.iter().map(|result| (result.run_id, result.seed)).collect();
    if given != scored {
        return Err(ApiError::invalid(
            "a test run is completed with the scores of exactly the models that it was given",
        ));
    }
    let done = sqlx::query!(
        "UPDATE seals SET results = $3, sealed_at = now() WHERE study_id = $1 AND run_id = $2 AND results IS NULL",
        held.queue.0,
        held.run.0,
        Json(&summary.results) as _,
    );
    match done.execute(db).await?.rows_affected() {
        1 => Ok(()),
        _ => Err(ApiError::invalid("the run has test scores, but never opened the test split")),
    }
}
