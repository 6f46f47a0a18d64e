//! What a run belongs to.

use pedigree_protocol::run::RunKind;
use pedigree_protocol::{PretrainingId, QueueId, RunId, StudyId};
use sqlx::PgPool;

use crate::error::ApiResult;
use crate::run::view;

/// The noun behind a run's entry of the queue, which the run's kind tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    Study(StudyId),
    Pretraining(PretrainingId),
}

impl Owner {
    /// The owner of a run of that kind.
    pub(crate) const fn of(kind: RunKind, QueueId(id): QueueId) -> Self {
        match kind {
            RunKind::Trial | RunKind::Final => Self::Study(StudyId(id)),
            RunKind::Dapt => Self::Pretraining(PretrainingId(id)),
        }
    }
}

/// The owner of a run.
///
/// # Errors
/// When there is no such run.
pub(crate) async fn find(pool: &PgPool, id: RunId) -> ApiResult<Owner> {
    let select = sqlx::query!(r#"SELECT kind AS "kind: RunKind", queue_id FROM runs WHERE id = $1"#, id.0);
    let row = select.fetch_optional(pool).await?.ok_or_else(|| view::unknown(id))?;
    Ok(Owner::of(row.kind, QueueId(row.queue_id)))
}
