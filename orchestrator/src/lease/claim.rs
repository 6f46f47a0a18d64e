//! Taking work: one statement chooses a run and leases it; a request waits until there is one.

use std::time::Duration;

use metrics::counter;
use pedigree_protocol::backbone::BackboneSpec;
use pedigree_protocol::lease::{ClaimRequest, LeaseGrant, StoredCheckpoint, TrainedModel, Work, WorkJob};
use pedigree_protocol::run::RunKind;
use pedigree_protocol::{Attempt, ParamValues, QueueId, RunId};
use sqlx::PgPool;
use sqlx::types::Json;
use tokio::time::{Instant, timeout_at};
use tracing::Span;
use tracing::field::{Empty, display};
use uuid::Uuid;

use crate::app::App;
use crate::error::ApiResult;
use crate::{fleet, queue};

/// The longest that a request is held open.
const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// A held request looks again after this time, even if nothing woke it.
const POLL: Duration = Duration::from_secs(2);
/// Tries of one claim when other claims take an entry to its limit at the same time.
const MOST_TRIES: u32 = 5;

/// Leases a run to the worker's device, waiting for one as long as the request allows.
#[tracing::instrument(name = "claim", skip_all, fields(worker.id = %request.worker_id, device = request.device_uuid,
    queue.id = Empty, run.id = Empty, attempt = Empty))]
pub(crate) async fn wait_for_work(app: &App, request: &ClaimRequest) -> ApiResult<Option<LeaseGrant>> {
    let deadline = Instant::now() + Duration::from_millis(request.wait_ms.into()).min(LONGEST_WAIT);
    let mut known = false;
    loop {
        // Registered before the look, so that no work is missed that appears in between.
        let woken = app.feed.work();
        let admitted = app.admit().await?;
        let granted = claim(&app.pool, request, app.lease_ttl).await?;
        if granted.is_none() && !known {
            // A worker that gets a grant is known; only one that gets none has to be looked up.
            fleet::sql::touch(&app.pool, request.worker_id, &request.device_uuid).await?;
            known = true;
        }
        drop(admitted);
        if let Some(grant) = &granted {
            let span = Span::current();
            span.record("queue.id", display(grant.queue_id)).record("run.id", display(grant.run_id));
            span.record("attempt", display(grant.attempt));
            // One notification may announce many runs and wakes one request: each grant wakes the next request.
            app.feed.wake_claim();
            return Ok(granted);
        }
        if Instant::now() >= deadline || app.shutdown.is_cancelled() {
            return Ok(None);
        }
        let pause = deadline.min(Instant::now() + POLL);
        // The next look finds out whether work, time or the end woke us.
        let _ = timeout_at(pause, app.shutdown.run_until_cancelled(woken)).await;
    }
}

/// Leases a waiting run to the worker's device; `claim.sql` decides whose turn it is.
async fn claim(pool: &PgPool, request: &ClaimRequest, ttl: Duration) -> ApiResult<Option<LeaseGrant>> {
    for _ in 0..MOST_TRIES {
        if let Claimed::Settled(grant) = try_claim(pool, request, ttl).await? {
            return Ok(grant.map(|grant| *grant));
        }
    }
    Ok(None)
}

async fn try_claim(pool: &PgPool, request: &ClaimRequest, ttl: Duration) -> ApiResult<Claimed> {
    let select = sqlx::query_file_as!(
        Row,
        "src/lease/claim.sql",
        request.worker_id.0,
        request.device_uuid,
        ttl.as_secs_f64(),
        fleet::release::PREFIX,
    );
    match select.fetch_optional(pool).await {
        Ok(row) => {
            let grant = row.map(|row| Box::new(row.into_grant(ttl)));
            if let Some(grant) = &grant {
                counter!("pedigree_leases_granted_total").increment(1);
                tracing::info!(run.id = %grant.run_id, attempt = %grant.attempt, "run leased");
            }
            Ok(Claimed::Settled(grant))
        }
        Err(sqlx::Error::Database(error)) => match error.constraint() {
            // Two requests for one device at the same time: the other one has it.
            Some("attempts_one_live_per_device") => Ok(Claimed::Settled(None)),
            Some("queue_live_runs") => Ok(Claimed::AtLimit),
            _ => Err(sqlx::Error::Database(error).into()),
        },
        Err(error) => Err(error.into()),
    }
}

/// The answer of the statement.
enum Claimed {
    Settled(Option<Box<LeaseGrant>>),
    /// Another request took the last lease that the entry may have, at the same time.
    AtLimit,
}

struct Row {
    id: Uuid,
    attempt: i32,
    queue_id: Uuid,
    kind: RunKind,
    number: Option<i32>,
    params: Json<ParamValues>,
    seed: i64,
    queue_name: String,
    walltime_s: Option<i32>,
    work: Json<queue::work::Work>,
    models: Option<Json<Vec<TrainedModel>>>,
    backbone: Json<BackboneSpec>,
    checkpoint_attempt: Option<i32>,
    checkpoint_bytes: Option<i64>,
}

impl Row {
    fn into_grant(self, ttl: Duration) -> LeaseGrant {
        let mut params = self.work.fixed();
        params.extend(self.params.0);
        let job = WorkJob {
            params,
            seed: self.seed,
            backbone: self.backbone.0.files,
            backbone_name: self.backbone.0.name,
        };
        LeaseGrant {
            run_id: RunId(self.id),
            attempt: Attempt(self.attempt),
            queue_id: QueueId(self.queue_id),
            queue_name: self.queue_name,
            kind: self.kind,
            number: self.number,
            ttl_ms: u32::try_from(ttl.as_millis()).unwrap_or(u32::MAX),
            work: granted(job, self.work.0, self.models.map(|models| models.0)),
            walltime_s: self.walltime_s.map(i32::unsigned_abs),
            checkpoint: self
                .checkpoint_attempt
                .zip(self.checkpoint_bytes)
                .map(|(attempt, bytes)| StoredCheckpoint { attempt: Attempt(attempt), bytes }),
        }
    }
}

fn granted(job: WorkJob, work: queue::work::Work, models: Option<Vec<TrainedModel>>) -> Work {
    match (work, models) {
        (queue::work::Work::Train { train, .. }, Some(models)) => Work::Test { job, train, models },
        (queue::work::Work::Train { metric, train, dev, .. }, None) => {
            Work::Train { job, protocol: metric.protocol, train, dev }
        }
        (queue::work::Work::Adapt { passages, held_out }, _) => Work::Adapt { job, passages, held_out },
    }
}
