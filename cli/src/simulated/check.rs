//! Whether the database holds what the workers were told: nothing lost, nothing doubled.

use std::collections::HashMap;

use pedigree_protocol::{Attempt, RunId};
use serde::Serialize;
use sqlx::{Connection as _, PgConnection, Row as _};

use super::tally::{Acknowledged, Tally};

/// The comparison of what was acknowledged and what is there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Checked {
    /// Grants, points and completions that were acknowledged but are not in the database.
    pub(crate) lost: u64,
    /// Attempts granted twice, points that nobody sent, and runs that completed twice or by an attempt that was not
    /// told so.
    pub(crate) doubled: u64,
    /// Attempts that were compared.
    attempts: u64,
}

impl Checked {
    pub(crate) const fn is_sound(self) -> bool {
        self.lost == 0 && self.doubled == 0
    }
}

/// Reads the database and compares.
pub(crate) async fn read(database_url: &str, tally: &Tally) -> anyhow::Result<Checked> {
    let mut db = PgConnection::connect(database_url).await?;
    let stored = stored(&mut db).await?;
    let twice: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM (SELECT FROM attempts WHERE state IN ('completed', 'leased', 'running')
         GROUP BY run_id HAVING count(*) > 1) AS twice",
    )
    .fetch_one(&mut db)
    .await?;
    let mut checked = compare(&tally.acknowledged(), &stored);
    checked.doubled += u64::try_from(twice)?;
    Ok(checked)
}

/// Every attempt as the database has it.
async fn stored(db: &mut PgConnection) -> anyhow::Result<HashMap<(RunId, Attempt), Acknowledged>> {
    let rows = sqlx::query(
        "SELECT a.run_id, a.attempt, (a.state = 'completed' AND r.state = 'completed') AS completed,
             (SELECT count(*) FROM reports p WHERE p.run_id = a.run_id AND p.attempt = a.attempt) AS points
         FROM attempts a JOIN runs r ON r.id = a.run_id WHERE a.device_uuid LIKE 'CPU-%'",
    );
    let mut stored = HashMap::new();
    for row in rows.fetch_all(db).await? {
        let points = u32::try_from(row.try_get::<i64, _>("points")?)?;
        let told = Acknowledged { grants: 1, points, completed: row.try_get("completed")? };
        stored.insert((RunId(row.try_get("run_id")?), Attempt(row.try_get("attempt")?)), told);
    }
    Ok(stored)
}

/// Compares what was acknowledged with what is stored. A stored attempt that no worker knows of is no error: the
/// answer may not have arrived, and its lease runs out.
fn compare(
    told: &HashMap<(RunId, Attempt), Acknowledged>,
    stored: &HashMap<(RunId, Attempt), Acknowledged>,
) -> Checked {
    let mut checked = Checked::default();
    for (attempt, told) in told {
        checked.attempts += 1;
        let stored = stored.get(attempt).copied().unwrap_or_default();
        let missing = [(told.points, stored.points), (told.completed.into(), stored.completed.into())];
        checked.lost += u64::from(stored.grants == 0);
        for (told, stored) in missing {
            checked.lost += u64::from(told.saturating_sub(stored));
            checked.doubled += u64::from(stored.saturating_sub(told));
        }
        checked.doubled += u64::from(told.grants.saturating_sub(1));
    }
    checked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_lost_and_what_is_too_much_is_doubled() {
        let attempts: Vec<_> = (0..4).map(|_| (RunId::new(), Attempt(1))).collect();
        let as_told = Acknowledged { grants: 1, points: 10, completed: true };
        let told: HashMap<_, _> = attempts.iter().map(|attempt| (*attempt, as_told)).collect();
        let mut stored = told.clone();
        assert!(compare(&told, &stored).is_sound());
        stored.insert(attempts[0], Acknowledged { points: 8, ..as_told });
        stored.insert(attempts[1], Acknowledged { completed: false, ..as_told });
        stored.remove(&attempts[2]);
        stored.insert(attempts[3], Acknowledged { points: 11, ..as_told });
        // Two points; an end; a grant with its ten points and its end; and one point that nobody sent.
        assert_eq!(compare(&told, &stored), Checked { lost: 2 + 1 + 12, doubled: 1, attempts: 4 });
        let mut told = told;
        told.insert(attempts[1], Acknowledged { grants: 2, ..as_told });
        assert_eq!(compare(&told, &stored).doubled, 2);
    }
}
