//! Readings of the workers' GPUs in the database.

use pedigree_protocol::WorkerId;
use pedigree_protocol::gpu::{GpuReading, GpuReadingRecord, GpuReadings};
use sqlx::PgPool;
use sqlx::types::chrono::{DateTime, Utc};

use crate::error::{ApiError, ApiResult};

/// The longest text in a reading, characters.
const LONGEST: usize = 300;

/// Stores readings of a worker's own GPUs; others are ignored.
pub(crate) async fn record(pool: &PgPool, readings: &GpuReadings) -> ApiResult<()> {
    let mut uuids: Vec<String> = Vec::new();
    let mut documents = Vec::new();
    for gpu in &readings.gpus {
        check(gpu)?;
        // A statement may write a row only once.
        if !uuids.contains(&gpu.uuid) {
            uuids.push(gpu.uuid.clone());
            documents.push(serde_json::to_value(gpu).map_err(|error| ApiError::invalid(error.to_string()))?);
        }
    }
    store(pool, readings.worker_id, &uuids, &documents).await
}

fn check(gpu: &GpuReading) -> ApiResult<()> {
    let sentence = gpu.last_incident.as_ref().map_or("", |incident| &incident.what);
    let parent = gpu.parent.as_deref().unwrap_or_default();
    match sentence.chars().count().max(parent.chars().count()) > LONGEST {
        true => Err(ApiError::invalid(format!(
            "the reading of {:?} has a text of more than {LONGEST} characters; give a shorter one",
            gpu.uuid
        ))),
        false => Ok(()),
    }
}

async fn store(
    pool: &PgPool,
    worker: WorkerId,
    uuids: &[String],
    documents: &[serde_json::Value],
) -> ApiResult<()> {
    let done = sqlx::query!(
        "INSERT INTO gpu_readings (worker_id, device_uuid, reading)
         SELECT d.worker_id, d.uuid, r.reading FROM unnest($2::text[], $3::jsonb[]) AS r (uuid, reading)
         JOIN devices d ON d.worker_id = $1 AND d.uuid = r.uuid AND d.kind = 'gpu'
         ON CONFLICT (worker_id, device_uuid) DO UPDATE SET reading = excluded.reading, read_at = now()",
        worker.0,
        uuids,
        documents,
    );
    done.execute(pool).await?;
    Ok(())
}

/// A stored reading. One that a later version wrote in another form counts as none.
pub(crate) fn shown(
    reading: Option<serde_json::Value>,
    read_at: Option<DateTime<Utc>>,
) -> Option<GpuReadingRecord> {
    let (reading, read_at) = reading.zip(read_at)?;
    Some(GpuReadingRecord { read_at, reading: serde_json::from_value(reading).ok()? })
}
