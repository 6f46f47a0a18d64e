//! Seals in the database.

use pedigree_protocol::artifact::Sha256;
use pedigree_protocol::report::TestScores;
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::artifact::sql::parse;
use crate::error::{ApiError, ApiResult};
use crate::lease::held::Held;

/// Records that the final run opens its study's test split, and answers the split's hash.
///
/// A later attempt of the same run may open it again while no scores are sealed; that is counted. An attempt that asks
/// again because the answer was lost is not counted twice.
pub(crate) async fn open(db: &mut PgConnection, held: &Held) -> ApiResult<Sha256> {
    let sealed = sqlx::query_scalar!(
        "INSERT INTO seals (study_id, run_id, attempt, test_sha256)
         SELECT s.id, $2, $3, d.test_sha256 FROM studies s JOIN datasets d ON d.id = s.dataset_id WHERE s.id = $1
         ON CONFLICT (study_id) DO UPDATE SET attempt = excluded.attempt,
             openings = seals.openings + (seals.attempt <> excluded.attempt)::integer
         WHERE seals.run_id = excluded.run_id AND seals.scores IS NULL
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

/// Seals the scores of the final run.
pub(crate) async fn close(db: &mut PgConnection, held: &Held, scores: &TestScores) -> ApiResult<()> {
    let done = sqlx::query!(
        "UPDATE seals SET scores = $3, sealed_at = now() WHERE study_id = $1 AND run_id = $2 AND scores IS NULL",
        held.queue.0,
        held.run.0,
        Json(scores) as _,
    );
    match done.execute(db).await?.rows_affected() {
        1 => Ok(()),
        _ => Err(ApiError::invalid("the run has test scores, but never opened the test split")),
    }
}
