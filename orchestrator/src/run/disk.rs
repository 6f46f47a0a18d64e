//! Whether the data that a transaction saw is on disk by now.
//!
//! Transactions commit without waiting for the disk (`durable`). So a crash of the database may take back data that another
//! transaction has seen. The database's log tells: data was written into it before it became visible.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::error::ApiResult;

/// A moment in the life of the database, as one of its sessions sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    /// By the database's clock.
    at: DateTime<Utc>,
    session_began: DateTime<Utc>,
    /// The log's length, and how much of it is on disk, bytes.
    written: i64,
    flushed: i64,
}

/// How an earlier moment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// No crash takes back what was visible then.
    OnDisk,
    Pending,
    /// There may have been a crash in between.
    Doubtful,
}

impl Moment {
    /// The present moment. The log holds everything that this transaction has seen so far.
    pub(crate) async fn now(db: &mut PgConnection) -> ApiResult<Self> {
        let now = sqlx::query_as!(
            Self,
            r#"SELECT clock_timestamp() AS "at!", backend_start AS "session_began!",
                   pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint AS "written!",
                   pg_wal_lsn_diff(pg_current_wal_flush_lsn(), '0/0')::bigint AS "flushed!"
               FROM pg_stat_get_activity(pg_backend_pid())"#
        );
        Ok(now.fetch_one(db).await?)
    }

    /// In the life of a session that began in that second.
    #[cfg(test)]
    pub(crate) fn of_test(session_began: i64, written: i64, flushed: i64) -> Self {
        let second = |seconds| DateTime::from_timestamp_secs(seconds).unwrap();
        Self { at: second(session_began + 1), session_began: second(session_began), written, flushed }
    }

    /// Compares with an earlier moment. A crash ends all sessions, so a session that is older than that moment has seen none.
    pub(crate) fn standing_of(&self, earlier: &Self) -> Standing {
        if self.session_began >= earlier.at {
            return Standing::Doubtful;
        }
        if self.flushed >= earlier.written { Standing::OnDisk } else { Standing::Pending }
    }
}
