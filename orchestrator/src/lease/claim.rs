//! Taking work: one statement that chooses and leases, and the patience around it.

use std::time::Duration;

use metrics::counter;
use pedigree_protocol::backbone::BackboneSpec;
use pedigree_protocol::lease::{ClaimRequest, LeaseGrant, StoredCheckpoint, Work};
use pedigree_protocol::objective::{Metric, ScoringProtocol};
use pedigree_protocol::run::RunKind;
use pedigree_protocol::{Attempt, ParamValues, RunId, StudyId};
use sqlx::PgPool;
use sqlx::types::Json;
use tokio::time::{Instant, timeout_at};
use tracing::Span;
use tracing::field::{Empty, display};
use uuid::Uuid;

use crate::app::App;
use crate::artifact::sql::parse;
use crate::error::ApiResult;
use crate::fleet;

/// The longest that a request is held open.
const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// How often a held request looks again though nothing woke it.
const POLL: Duration = Duration::from_secs(2);

/// Leases a run to the worker's device, waiting for one as long as the request allows.
#[tracing::instrument(name = "claim", skip_all, fields(worker.id = %request.worker_id, device = request.device_uuid,
    study.id = Empty, run.id = Empty, attempt = Empty))]
pub(crate) async fn wait_for_work(app: &App, request: &ClaimRequest) -> ApiResult<Option<LeaseGrant>> {
    let deadline = Instant::now() + Duration::from_millis(request.wait_ms.into()).min(LONGEST_WAIT);
    let mut known = false;
    loop {
        // Registered before the look, so that work which appears in between is not slept through.
        let woken = app.feed.work();
        let admitted = app.admit().await?;
        let granted = claim(&app.pool, request, app.lease_ttl).await?;
        if granted.is_none() && !known {
            // No worker that could be served had to be asked about.
            fleet::sql::touch(&app.pool, request.worker_id, &request.device_uuid).await?;
            known = true;
        }
        drop(admitted);
        if let Some(grant) = &granted {
            let span = Span::current();
            span.record("study.id", display(grant.study_id)).record("run.id", display(grant.run_id));
            span.record("attempt", display(grant.attempt));
            // A notification may stand for many runs, and wakes one request: each grant wakes the next.
            app.feed.wake_claim();
            return Ok(granted);
        }
        if Instant::now() >= deadline || app.shutdown.is_cancelled() {
            return Ok(None);
        }
        let pause = deadline.min(Instant::now() + POLL);
        // Whether it was work, time or the end that woke us: the next look finds out.
        let _ = timeout_at(pause, app.shutdown.run_until_cancelled(woken)).await;
    }
}

/// Leases a waiting run to the worker's device: whose turn it is says the statement.
pub(crate) async fn claim(
    pool: &PgPool,
    request: &ClaimRequest,
    ttl: Duration,
) -> ApiResult<Option<LeaseGrant>> {
    let row = sqlx::query_file_as!(
        Row,
        "src/lease/claim.sql",
        request.worker_id.0,
        request.device_uuid,
        ttl.as_secs_f64()
    );
    match row.fetch_optional(pool).await {
        Ok(row) => {
            let grant = row.map(|row| row.into_grant(ttl)).transpose()?;
            if let Some(grant) = &grant {
                counter!("pedigree_leases_granted_total").increment(1);
                tracing::info!(run.id = %grant.run_id, attempt = %grant.attempt, "run leased");
            }
            Ok(grant)
        }
        // Two requests for one device at the same time: the other one has it.
        Err(sqlx::Error::Database(error)) if error.constraint() == Some("attempts_one_live_per_device") => {
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

struct Row {
    id: Uuid,
    attempt: i32,
    study_id: Uuid,
    kind: RunKind,
    number: Option<i32>,
    params: Json<ParamValues>,
    seed: i64,
    study_name: String,
    walltime_s: Option<i32>,
    fixed: Option<Json<ParamValues>>,
    metric: Option<Json<Metric>>,
    train: String,
    dev: String,
    backbone: Json<BackboneSpec>,
    checkpoint_attempt: Option<i32>,
    checkpoint_bytes: Option<i64>,
}

impl Row {
    fn into_grant(self, ttl: Duration) -> ApiResult<LeaseGrant> {
        let mut params = self.fixed.map_or_else(ParamValues::new, |fixed| fixed.0);
        params.extend(self.params.0);
        Ok(LeaseGrant {
            run_id: RunId(self.id),
            attempt: Attempt(self.attempt),
            study_id: StudyId(self.study_id),
            study_name: self.study_name,
            kind: self.kind,
            number: self.number,
            ttl_ms: u32::try_from(ttl.as_millis()).unwrap_or(u32::MAX),
            work: Work {
                params,
                protocol: self.metric.map_or(ScoringProtocol::default(), |metric| metric.0.protocol),
                seed: self.seed,
                train: parse(&self.train)?,
                dev: parse(&self.dev)?,
                backbone: self.backbone.0.files,
                backbone_name: self.backbone.0.name,
            },
            walltime_s: self.walltime_s.map(i32::unsigned_abs),
            checkpoint: self
                .checkpoint_attempt
                .zip(self.checkpoint_bytes)
                .map(|(attempt, bytes)| StoredCheckpoint { attempt: Attempt(attempt), bytes }),
        })
    }
}
