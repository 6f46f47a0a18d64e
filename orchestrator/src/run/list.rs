//! The runs of a study, page by page: all, or only those that changed after a revision.

use pedigree_protocol::StudyId;
use pedigree_protocol::page::PageQuery;
use pedigree_protocol::run::{RunFilter, RunPage};
use sqlx::PgPool;

use crate::error::ApiResult;
use crate::events::OVERLAP;
use crate::page::Wanted;
use crate::run::view::{self, RunKey, Selection};

/// A page of the runs of a study: trials by number, then the final run.
pub(crate) async fn of_study(
    pool: &PgPool,
    study: StudyId,
    page: &PageQuery,
    filter: &RunFilter,
) -> ApiResult<RunPage> {
    let wanted = Wanted::<RunKey>::read(page)?;
    // The revision is read before the runs, so that a change in between is told again instead of lost.
    let kept = kept(pool).await?;
    let since = filter.since.filter(|since| kept.holds(*since)).map(|since| since - OVERLAP);
    let filter = RunFilter { since, ..filter.clone() };
    let total = count(pool, study, &filter).await?;
    let selection =
        Selection { study: Some(study), filter, after: wanted.after, limit: Some(wanted.rows()), runs: &[] };
    let page = wanted.cut(view::select(pool, selection).await?, total, RunKey::of)?;
    Ok(RunPage { page, revision: kept.newest, all: since.is_none() })
}

/// The changes that are still kept.
struct Kept {
    oldest: i64,
    newest: i64,
}

impl Kept {
    /// Whether every change after this revision is kept.
    const fn holds(&self, since: i64) -> bool {
        self.oldest <= since.saturating_add(1) && since <= self.newest
    }
}

async fn kept(pool: &PgPool) -> ApiResult<Kept> {
    let select = sqlx::query_as!(
        Kept,
        r#"SELECT coalesce(min(revision), 0) AS "oldest!", coalesce(max(revision), 0) AS "newest!" FROM events"#
    );
    Ok(select.fetch_one(pool).await?)
}

async fn count(pool: &PgPool, study: StudyId, filter: &RunFilter) -> ApiResult<i64> {
    let select = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM runs r
           WHERE r.queue_id = $1 AND ($2::run_state IS NULL OR r.state = $2)
               AND ($3::run_kind IS NULL OR r.kind = $3)
               AND ($4::bigint IS NULL
                   OR r.id IN (SELECT e.run_id FROM events e WHERE e.revision > $4 AND e.topic = 'run'))"#,
        study.0,
        filter.state as _,
        filter.kind as _,
        filter.since,
    );
    Ok(select.fetch_one(pool).await?)
}
