//! Studies as they are shown: with counts of trials, best trial, final runs, test run and seal, in one statement.

use chrono::{DateTime, Utc};
use pedigree_protocol::page::{Page, PageQuery};
use pedigree_protocol::report::TestResult;
use pedigree_protocol::resources::Hold;
use pedigree_protocol::run::RunState;
use pedigree_protocol::seal::Seal;
use pedigree_protocol::study::{
    BestTrial, FinalRun, Study, StudyFilter, StudySpec, StudyState, TestRun, TrialCounts,
};
use pedigree_protocol::{Attempt, ParamValues, RunId, StudyId};
use sqlx::PgPool;
use sqlx::types::Json;
use uuid::Uuid;

use crate::error::ApiResult;
use crate::page::{Newest, Wanted};
use crate::queue::waiting::{self, Asking};
use crate::study::behind::behind;
use crate::study::locked::{self, unknown};

/// A page of the studies, newest first.
pub(crate) async fn list(pool: &PgPool, page: &PageQuery, filter: &StudyFilter) -> ApiResult<Page<Study>> {
    let wanted = Wanted::<Newest>::read(page)?;
    let select = sqlx::query_scalar!(
        "SELECT s.id FROM studies s JOIN queue q ON q.id = s.id
         WHERE ($1::study_state IS NULL OR s.state = $1)
             AND ($2::timestamptz IS NULL OR (q.created_at, q.id) < ($2, $3::uuid))
         ORDER BY q.created_at DESC, q.id DESC LIMIT $4",
        filter.state as _,
        wanted.after.map(|after| after.at),
        wanted.after.map(|after| after.id),
        wanted.rows(),
    );
    let studies = by_ids(pool, &select.fetch_all(pool).await?).await?;
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM studies WHERE $1::study_state IS NULL OR state = $1"#,
        filter.state as _
    );
    let total = count.fetch_one(pool).await?;
    wanted.cut(studies, total, |study| Newest { at: study.created_at, id: study.id.0 })
}

/// One study, by id or name.
pub(crate) async fn get(pool: &PgPool, id_or_name: &str) -> ApiResult<Study> {
    find(pool, id_or_name).await?.ok_or_else(|| unknown(id_or_name))
}

/// The id of a study, by id or name.
pub(crate) async fn id(pool: &PgPool, id_or_name: &str) -> ApiResult<StudyId> {
    let found = locked::find(&mut *pool.acquire().await?, id_or_name).await?;
    found.ok_or_else(|| unknown(id_or_name))
}

/// One study, by its id.
pub(crate) async fn by_id(pool: &PgPool, id: StudyId) -> ApiResult<Study> {
    by_ids(pool, &[id.0]).await?.into_iter().next().ok_or_else(|| unknown(&id.to_string()))
}

/// One study, by id or name, if there is one.
pub(crate) async fn find(pool: &PgPool, id_or_name: &str) -> ApiResult<Option<Study>> {
    // The connection goes back before another one is taken.
    let found = locked::find(&mut *pool.acquire().await?, id_or_name).await?;
    match found {
        Some(id) => Ok(by_ids(pool, &[id.0]).await?.into_iter().next()),
        None => Ok(None),
    }
}

/// Several studies, newest first.
pub(crate) async fn by_ids(pool: &PgPool, ids: &[Uuid]) -> ApiResult<Vec<Study>> {
    let select = sqlx::query_file_as!(Row, "src/study/view.sql", ids);
    let rows = select.fetch_all(pool).await?;
    let mut studies = rows.into_iter().map(Row::into_study).collect::<ApiResult<Vec<Study>>>()?;
    let idle: Vec<Asking<'_>> = studies.iter().filter(|study| is_idle(study)).map(asking).collect();
    let mut waits = waiting::explain(pool, &idle).await?;
    studies.iter_mut().for_each(|study| study.waits = waits.remove(&study.id.into()));
    Ok(studies)
}

fn is_idle(study: &Study) -> bool {
    let last = study.finals.iter().map(|run| run.state).chain(study.test_run.iter().map(|run| run.state));
    let live = last.into_iter().any(RunState::is_live);
    !study.state.is_final() && !live && study.trials.leased + study.trials.running == 0
}

fn asking(study: &Study) -> Asking<'_> {
    Asking {
        id: study.id.into(),
        resources: &study.spec.resources,
        hold: study.hold,
        resume: "pedigree study resume",
        resume_run: "pedigree trial resume",
    }
}

struct Row {
    id: Uuid,
    spec: Json<StudySpec>,
    state: StudyState,
    failure: Option<String>,
    hold: Hold,
    priority: i32,
    owner: Option<String>,
    created_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
    synthetic: bool,
    waiting: i64,
    leased: i64,
    running: i64,
    completed: i64,
    pruned: i64,
    failed: i64,
    cancelled: i64,
    best_id: Option<Uuid>,
    best_number: Option<i32>,
    best_value: Option<f64>,
    best_params: Option<Json<ParamValues>>,
    finals: Json<Vec<FinalRun>>,
    test_run_id: Option<Uuid>,
    test_run_state: Option<RunState>,
    seal_run_id: Option<Uuid>,
    seal_attempt: Option<i32>,
    seal_test_sha256: Option<String>,
    seal_opened_at: Option<DateTime<Utc>>,
    seal_openings: Option<i32>,
    seal_results: Option<Json<Vec<TestResult>>>,
    seal_sealed_at: Option<DateTime<Utc>>,
}

impl Row {
    fn into_study(self) -> ApiResult<Study> {
        Ok(Study {
            id: StudyId(self.id),
            state: self.state,
            synthetic: self.synthetic,
            trials: self.counts(),
            best: self.best(),
            behind: self.behind(),
            test_run: self.test_run(),
            seal: self.seal()?,
            finals: self.finals.0,
            spec: self.spec.0,
            failure: self.failure,
            hold: self.hold,
            priority: self.priority,
            owner: self.owner,
            waits: None,
            created_at: self.created_at,
            ended_at: self.ended_at,
        })
    }

    fn counts(&self) -> TrialCounts {
        TrialCounts {
            waiting: self.waiting,
            leased: self.leased,
            running: self.running,
            completed: self.completed,
            pruned: self.pruned,
            failed: self.failed,
            cancelled: self.cancelled,
        }
    }

    fn best(&self) -> Option<BestTrial> {
        Some(BestTrial {
            run_id: RunId(self.best_id?),
            number: self.best_number?,
            value: self.best_value?,
            params: self.best_params.as_ref()?.0.clone(),
        })
    }

    fn test_run(&self) -> Option<TestRun> {
        Some(TestRun { run_id: RunId(self.test_run_id?), state: self.test_run_state? })
    }

    /// Said once all final runs have completed.
    fn behind(&self) -> Option<String> {
        let values: Option<Vec<f64>> = self.finals.iter().map(|run| run.value).collect();
        let spec = &self.spec.0;
        behind(self.best_value?, &values?, spec.metric.goal, spec.finals.margin)
    }

    fn seal(&self) -> ApiResult<Option<Seal>> {
        let (Some(run_id), Some(attempt), Some(sha256), Some(opened_at), Some(openings)) = (
            self.seal_run_id,
            self.seal_attempt,
            self.seal_test_sha256.as_deref(),
            self.seal_opened_at,
            self.seal_openings,
        ) else {
            return Ok(None);
        };
        Ok(Some(Seal {
            run_id: RunId(run_id),
            attempt: Attempt(attempt),
            test_sha256: crate::artifact::sql::parse(sha256)?,
            opened_at,
            openings,
            results: self.seal_results.as_ref().map_or_else(Vec::new, |results| results.0.clone()),
            sealed_at: self.seal_sealed_at,
        }))
    }
}
