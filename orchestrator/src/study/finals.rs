//! The end of a study: its final runs, and the run that brings their models to the test split.
//!
//! Owns what is trained once more, how often, and which models are tested. Must not know how the split is opened.

use metrics::counter;
use pedigree_protocol::artifact::ArtifactFile;
use pedigree_protocol::finals::FinalModel;
use pedigree_protocol::lease::TrainedModel;
use pedigree_protocol::run::{Failure, FailureCause, RunState};
use pedigree_protocol::study::StudyState;
use pedigree_protocol::{ParamValues, RunId, StudyId};
use pedigree_sampler::final_seed;
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::error::ApiResult;
use crate::grid::{self, Verdict};
use crate::run::trial::failure;
use crate::study::locked::LockedStudy;
use crate::study::machine::Event;

/// Ends the search: queues the final runs of the best trial's configuration, or goes on with the best trial's own model.
/// `None` where no trial has completed.
pub(super) async fn begin(db: &mut PgConnection, study: &LockedStudy) -> ApiResult<Option<StudyState>> {
    let Some(params) = best_params(db, study.id).await? else { return Ok(None) };
    if study.spec.finals.model == FinalModel::Retrain {
        queue(db, study, &params).await?;
    }
    study.step(db, Event::FinalsQueued).await.map(Some)
}

/// While the final runs are on their way: on to the test split when all have completed, unless a selection comes first.
pub(super) async fn finish(db: &mut PgConnection, study: &LockedStudy) -> ApiResult<StudyState> {
    let runs = states(db, study.id).await?;
    if let Some(lost) = runs.iter().find(|run| run.is_lost()) {
        let which = if runs.len() == 1 {
            "the final run".to_owned()
        } else {
            format!("final run {}", lost.replicate)
        };
        return study.fail(db, &lost.sentence(&which)).await;
    }
    if runs.iter().any(|run| !run.state.is_final()) {
        return Ok(study.state);
    }
    match grid::verdict(db, study.id).await? {
        Verdict::Test => {
            queue_test(db, study).await?;
            study.step(db, Event::TestQueued).await
        }
        Verdict::PassOver => study.step(db, Event::PassedOver).await,
        Verdict::Wait => Ok(study.state),
    }
}

/// While the test run is on its way: end with it.
pub(super) async fn test(db: &mut PgConnection, study: &LockedStudy) -> ApiResult<StudyState> {
    let select = sqlx::query_as!(
        Row,
        r#"SELECT 1 AS "replicate!", state AS "state: RunState", failure_cause AS "failure_cause: FailureCause",
               failure_message, failure_evidence
           FROM runs WHERE queue_id = $1 AND kind = 'test'"#,
        study.id.0
    );
    match select.fetch_optional(&mut *db).await?.map(Ended::from) {
        Some(run) if run.is_lost() => study.fail(db, &run.sentence("the test run")).await,
        Some(run) if run.state == RunState::Completed => study.step(db, Event::Completed).await,
        Some(_) | None => Ok(study.state),
    }
}

async fn best_params(db: &mut PgConnection, study: StudyId) -> ApiResult<Option<ParamValues>> {
    let select = sqlx::query_scalar!(
        r#"SELECT params AS "params: Json<ParamValues>" FROM runs WHERE id = best_trial($1)"#,
        study.0
    );
    Ok(select.fetch_optional(db).await?.map(|params| params.0))
}

/// Queues the final runs: the same configuration, each from a seed of its own.
async fn queue(db: &mut PgConnection, study: &LockedStudy, params: &ParamValues) -> ApiResult<()> {
    let replicates: Vec<i32> = (1..=study.spec.finals.seeds).map(u32::cast_signed).collect();
    let ids: Vec<_> = replicates.iter().map(|_| RunId::new().0).collect();
    let seed = |replicate: &i32| final_seed(study.spec.seed.into(), replicate.unsigned_abs());
    let seeds: Vec<i64> = replicates.iter().map(seed).collect();
    sqlx::query!(
        "INSERT INTO runs (id, queue_id, kind, replicate, params, seed)
         SELECT id, $2, 'final', replicate, $4, seed
         FROM unnest($1::uuid[], $3::integer[], $5::bigint[]) AS final (id, replicate, seed)",
        &ids,
        study.id.0,
        &replicates,
        Json(params) as _,
        &seeds,
    )
    .execute(db)
    .await?;
    counter!("pedigree_runs_proposed_total").increment(ids.len() as u64);
    tracing::info!(study.id = %study.id, runs = ids.len(), "final runs queued");
    Ok(())
}

/// Queues the run that opens the test split, with the models that it scores.
async fn queue_test(db: &mut PgConnection, study: &LockedStudy) -> ApiResult<()> {
    let models = trained(db, study.id).await?;
    sqlx::query!(
        "INSERT INTO runs (id, queue_id, kind, params, seed, models)
         SELECT $1, $2, 'test', params, $3, $4 FROM runs WHERE id = best_trial($2)",
        RunId::new().0,
        study.id.0,
        final_seed(study.spec.seed.into(), 1),
        Json(models) as _,
    )
    .execute(db)
    .await?;
    counter!("pedigree_runs_proposed_total").increment(1);
    tracing::info!(study.id = %study.id, "test run queued");
    Ok(())
}

/// The models that the study leaves: those of its final runs, or else that of its best trial.
async fn trained(db: &mut PgConnection, study: StudyId) -> ApiResult<Vec<TrainedModel>> {
    let select = sqlx::query!(
        r#"SELECT r.id, r.seed, f.files AS "files!: Json<Vec<ArtifactFile>>"
           FROM runs r CROSS JOIN LATERAL (
               SELECT coalesce(jsonb_agg(jsonb_build_object('name', substr(f.name, length('adapter/') + 1),
                   'sha256', f.sha256, 'bytes', a.bytes) ORDER BY f.name), '[]') AS files
               FROM attempt_artifacts f JOIN artifacts a USING (sha256)
               WHERE f.run_id = r.id AND f.attempt = r.attempt AND f.name LIKE 'adapter/%'
           ) f
           WHERE r.queue_id = $1 AND (r.kind = 'final'
               OR (r.id = best_trial($1) AND NOT EXISTS (SELECT FROM runs o WHERE o.queue_id = $1 AND o.kind = 'final')))
           ORDER BY r.replicate"#,
        study.0
    );
    let rows = select.fetch_all(db).await?.into_iter();
    Ok(rows.map(|row| TrainedModel { run_id: RunId(row.id), seed: row.seed, adapter: row.files.0 }).collect())
}

struct Row {
    replicate: i32,
    state: RunState,
    failure_cause: Option<FailureCause>,
    failure_message: Option<String>,
    failure_evidence: Option<String>,
}

/// A final run or a test run, as far as what follows depends on it.
struct Ended {
    replicate: i32,
    state: RunState,
    failure: Option<Failure>,
}

impl From<Row> for Ended {
    fn from(row: Row) -> Self {
        let failure = failure(row.failure_cause, row.failure_message, row.failure_evidence);
        Self { replicate: row.replicate, state: row.state, failure }
    }
}

impl Ended {
    const fn is_lost(&self) -> bool {
        self.state.is_final() && !matches!(self.state, RunState::Completed)
    }

    /// Why the study has failed with it.
    fn sentence(&self, which: &str) -> String {
        let why = self.failure.as_ref().map_or("it was cancelled", |failure| failure.message.as_str());
        format!("{which} did not complete: {why}")
    }
}

/// The final runs, by their numbers.
async fn states(db: &mut PgConnection, study: StudyId) -> ApiResult<Vec<Ended>> {
    let select = sqlx::query_as!(
        Row,
        r#"SELECT replicate AS "replicate!", state AS "state: RunState", failure_cause AS "failure_cause: FailureCause",
               failure_message, failure_evidence
           FROM runs WHERE queue_id = $1 AND kind = 'final' ORDER BY replicate"#,
        study.0
    );
    Ok(select.fetch_all(db).await?.into_iter().map(Ended::from).collect())
}
