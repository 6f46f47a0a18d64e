//! Quarantine: a device that fails again and again, or that has to be reset, is out of use until a user releases it.

use pedigree_protocol::run::Failure;
use sqlx::{PgConnection, PgPool};

use crate::error::{ApiError, ApiResult};

/// How many attempts in a row, of how many runs, must fail by the device's fault. With one run only, the run itself may
/// be at fault.
const FAULTS: i64 = 3;
const RUNS: i64 = 2;

/// Takes a device out of use when it has failed too often, and answers the sentence that says so.
pub(crate) async fn consider(
    db: &mut PgConnection,
    device: &str,
    newest: &Failure,
) -> ApiResult<Option<String>> {
    let select = sqlx::query!(
        r#"SELECT count(*) AS "attempts!", count(DISTINCT run_id) AS "runs!" FROM attempts
           WHERE device_uuid = $1 AND state = 'failed' AND failure_cause = 'device'
             AND ended_at > coalesce((SELECT max(ended_at) FROM attempts WHERE device_uuid = $1 AND state = 'completed'),
                                     '-infinity')
             AND ended_at > coalesce((SELECT max(released_at) FROM quarantines WHERE device_uuid = $1), '-infinity')"#,
        device
    );
    let faults = select.fetch_one(&mut *db).await?;
    if faults.attempts < FAULTS || faults.runs < RUNS {
        return Ok(None);
    }
    let sign = newest.evidence.as_deref().unwrap_or(&newest.message);
    let reason = format!("{} attempts in a row failed on it; the newest: {sign}", faults.attempts);
    begin(db, device, &reason).await?;
    Ok(Some(format!("the device {device} is out of use; `pedigree worker release {device}` takes it back")))
}

/// Takes a device out of use, unless it is already.
pub(crate) async fn begin(db: &mut PgConnection, device: &str, reason: &str) -> ApiResult<()> {
    let added = sqlx::query!(
        "INSERT INTO quarantines (device_uuid, reason) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        device,
        reason,
    );
    if added.execute(db).await?.rows_affected() == 1 {
        tracing::error!(device, reason, "a device is taken out of use");
    }
    Ok(())
}

/// Ends a device's quarantine.
pub(crate) async fn release(pool: &PgPool, device: &str) -> ApiResult<()> {
    let done = sqlx::query!(
        "UPDATE quarantines SET released_at = now() WHERE device_uuid = $1 AND released_at IS NULL",
        device
    );
    match done.execute(pool).await?.rows_affected() {
        0 => Err(ApiError::not_found(format!(
            "no device {device:?} is out of use; `pedigree worker list` shows those that are"
        ))),
        _ => Ok(()),
    }
}
