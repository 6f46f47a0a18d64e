//! The end of a pretraining: its entry of the queue is closed, and the backbone that it promised is registered.

use pedigree_protocol::backbone::{Backbone, BackboneSpec};
use pedigree_protocol::run::RunState;
use pedigree_protocol::{PretrainingId, RunId};
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool};

use crate::backbone::{adapted, promise};
use crate::dapt::view;
use crate::error::{ApiError, ApiResult};
use crate::queue::entry;
use crate::{backbone, db};

/// Pretrainings whose run has ended and whose entry is still open.
pub(crate) async fn due(pool: &PgPool) -> ApiResult<Vec<PretrainingId>> {
    let select = sqlx::query_scalar!(
        "SELECT p.id FROM pretrainings p JOIN queue q ON q.id = p.id JOIN runs r ON r.queue_id = p.id
         WHERE q.open AND r.ended_at IS NOT NULL ORDER BY q.created_at"
    );
    Ok(select.fetch_all(pool).await?.into_iter().map(PretrainingId).collect())
}

/// A pretraining whose run has ended.
struct Ended {
    name: String,
    run: RunId,
    completed: bool,
    base: BackboneSpec,
}

/// Ends a pretraining, if its run has ended. Idempotent.
pub(crate) async fn close(pool: &PgPool, id: PretrainingId) -> ApiResult<()> {
    db::transaction(pool, async |db| {
        let Some(ended) = ended(db, id).await? else { return Ok(()) };
        let promised = promise::end(db, id).await?;
        if let (Some(name), true) = (promised, ended.completed) {
            deliver(db, id, &name, ended).await?;
        }
        entry::close(db, id.into()).await
    })
    .await
}

/// Registers the backbone that a completed pretraining has left.
pub(super) async fn register(pool: &PgPool, pretraining: &str, name: &str) -> ApiResult<Backbone> {
    let dapt = view::get(pool, pretraining).await?;
    if dapt.run.state != RunState::Completed {
        return Err(ApiError::conflict(format!(
            "the pretraining {pretraining:?} has not completed; `pedigree dapt show {pretraining}` tells where it stands"
        )));
    }
    let base = backbone::sql::get(pool, &dapt.spec.backbone).await?.spec;
    backbone::sql::add(pool, adapted::compose(name, pretraining, base, dapt.adapter)?).await
}

/// Registers the promised backbone and gives it to the entries that await it. A refusal is logged and nothing is given: no
/// later try would do better, and the entries that await it fail.
async fn deliver(db: &mut PgConnection, id: PretrainingId, name: &str, ended: Ended) -> ApiResult<()> {
    match leave(db, name, ended).await {
        Ok(backbone) => entry::deliver(db, id.into(), backbone.id).await,
        Err(ApiError::Refused { message, .. }) => {
            tracing::warn!(pretraining.id = %id, backbone = name, message, "no backbone left");
            Ok(())
        }
        Err(error) => Err(error),
    }
}

async fn leave(db: &mut PgConnection, name: &str, ended: Ended) -> ApiResult<Backbone> {
    let adapter = view::adapters(&mut *db, &[ended.run]).await?.remove(&ended.run).unwrap_or_default();
    let spec = adapted::compose(name, &ended.name, ended.base, adapter)?;
    backbone::sql::register(db, &spec).await
}

/// Locks the open entry of a pretraining whose run has ended.
async fn ended(db: &mut PgConnection, id: PretrainingId) -> ApiResult<Option<Ended>> {
    let select = sqlx::query!(
        r#"SELECT q.name, r.id AS run_id, r.state AS "state: RunState", b.spec AS "base: Json<BackboneSpec>"
           FROM queue q JOIN runs r ON r.queue_id = q.id JOIN backbones b ON b.id = q.backbone_id
           WHERE q.id = $1 AND q.open AND r.ended_at IS NOT NULL FOR NO KEY UPDATE OF q"#,
        id.0
    );
    let row = select.fetch_optional(db).await?;
    Ok(row.map(|row| Ended {
        name: row.name,
        run: RunId(row.run_id),
        completed: row.state == RunState::Completed,
        base: row.base.0,
    }))
}
