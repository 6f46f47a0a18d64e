//! Logs: slices by byte offset, appended by a live attempt, read by people.

use pedigree_protocol::run::LogSlice;
use pedigree_protocol::{Attempt, RunId};
use sqlx::{PgConnection, PgPool};

use crate::error::{ApiError, ApiResult};
use crate::run::view;

/// Approximate size of one answer, bytes.
const ANSWER_BYTES: i64 = 256 * 1024;

/// Appends what is new in `text`, which begins at byte `offset` of the attempt's log.
pub(crate) async fn append(
    db: &mut PgConnection,
    run: RunId,
    attempt: Attempt,
    offset: i64,
    text: &str,
) -> ApiResult<()> {
    if offset < 0 {
        return Err(ApiError::invalid(format!("offset {offset}: a log begins at byte 0")));
    }
    let select = sqlx::query_scalar!(
        "SELECT log_bytes FROM attempts WHERE run_id = $1 AND attempt = $2",
        run.0,
        attempt.0
    );
    let known = select.fetch_one(&mut *db).await?;
    let start = offset.max(known);
    let fresh = usize::try_from(start - offset).ok().and_then(|there| text.as_bytes().get(there..));
    let Some(fresh) = fresh.filter(|fresh| !fresh.is_empty()) else { return Ok(()) };
    sqlx::query!(
        "INSERT INTO log_slices (run_id, attempt, start_byte, content) VALUES ($1, $2, $3, $4)",
        run.0,
        attempt.0,
        start,
        fresh,
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "UPDATE attempts SET log_bytes = $3::bigint + length($4::bytea) WHERE run_id = $1 AND attempt = $2",
        run.0,
        attempt.0,
        start,
        fresh,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A piece of an attempt's log from a byte offset; the newest attempt's without a number.
pub(crate) async fn read(
    pool: &PgPool,
    run: RunId,
    attempt: Option<Attempt>,
    offset: i64,
) -> ApiResult<LogSlice> {
    let select = sqlx::query_scalar!("SELECT attempt FROM runs WHERE id = $1", run.0);
    let newest = select.fetch_optional(pool).await?.ok_or_else(|| view::unknown(run))?;
    let attempt = attempt.unwrap_or(Attempt(newest));
    let select = sqlx::query!(
        "SELECT start_byte, content FROM log_slices
         WHERE run_id = $1 AND attempt = $2 AND start_byte + length(content) > $3 AND start_byte < $3 + $4
         ORDER BY start_byte",
        run.0,
        attempt.0,
        offset,
        ANSWER_BYTES,
    );
    let slices = select.fetch_all(pool).await?;
    let slices: Vec<(i64, Vec<u8>)> = slices.into_iter().map(|row| (row.start_byte, row.content)).collect();
    Ok(join(attempt, offset, &slices))
}

/// Joins the slices to one text. The first slice may begin before the offset.
fn join(attempt: Attempt, offset: i64, slices: &[(i64, Vec<u8>)]) -> LogSlice {
    let mut bytes: Vec<u8> = Vec::new();
    let mut next_offset = offset;
    for (start, content) in slices {
        let skip = usize::try_from(offset - start).unwrap_or(0).min(content.len());
        bytes.extend_from_slice(&content[skip..]);
        next_offset = start + i64::try_from(content.len()).unwrap_or(0);
    }
    LogSlice { attempt, offset, next_offset, text: String::from_utf8_lossy(&bytes).into_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_join_from_any_offset() {
        let slices = [(0, b"abc".to_vec()), (3, b"def".to_vec())];
        let read = |offset, slices: &[(i64, Vec<u8>)]| {
            let slice = join(Attempt(1), offset, slices);
            (slice.text, slice.next_offset)
        };
        assert_eq!(read(0, &slices), ("abcdef".to_owned(), 6));
        assert_eq!(read(2, &slices), ("cdef".to_owned(), 6));
        assert_eq!(read(6, &[]), (String::new(), 6));
    }
}
