//! What is known of a study's trials from the last look, so that its whole past is not read for each suggestion.
//!
//! Kept are completed and pruned trials alone whose end is on disk: no step leads out of those states (`run::machine`), no
//! trial is ever removed, and no crash of the database takes them back, so that what is kept cannot be wrong; it may be
//! forgotten at any time. All others are read again at every look.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use pedigree_protocol::StudyId;
use pedigree_protocol::objective::Metric;
use pedigree_protocol::run::RunState;
use sqlx::PgConnection;

use crate::error::ApiResult;
use crate::run::trial::{self, Read, Trial, Which};

/// Trials of all studies together that are kept at most; about a kilobyte each.
const MOST_KEPT: usize = 100_000;

/// One for the process: ids of studies differ in all databases.
static KEPT: LazyLock<Mutex<HashMap<StudyId, Kept>>> = LazyLock::new(Mutex::default);

/// What is kept of a study.
#[derive(Debug, Clone, Default)]
struct Kept {
    /// By number.
    settled: Arc<Vec<Trial>>,
    which: Which,
}

/// All trials of a study, by number. The caller holds the study's lock and has written nothing of it yet.
pub(crate) async fn all(db: &mut PgConnection, study: StudyId, metric: Metric) -> ApiResult<Vec<Trial>> {
    let kept = kept().get(&study).cloned().unwrap_or_default();
    let read = trial::some(db, study, metric, &kept.which).await?;
    let lasting = read.iter().filter(|read| read.lasts).map(|read| read.trial.number.cast_signed());
    let behind = lasting.max().unwrap_or(0).max(kept.which.behind);
    let (fresh, others): (Vec<Read>, Vec<Read>) =
        read.into_iter().partition(|read| read.end_lasts && is_settled(read.trial.state));
    let (fresh, others) = (trials(fresh), trials(others));
    // What is behind the last one that lasts is read again anyway.
    let numbers = others.iter().map(|trial| trial.number.cast_signed()).filter(|number| *number <= behind);
    let which = Which { numbers: numbers.collect(), behind };
    let settled = if fresh.is_empty() { kept.settled } else { Arc::new(merge(&kept.settled, &fresh)) };
    let all = merge(&settled, &others);
    keep(study, Kept { settled, which });
    Ok(all)
}

fn trials(read: Vec<Read>) -> Vec<Trial> {
    read.into_iter().map(|read| read.trial).collect()
}

const fn is_settled(state: RunState) -> bool {
    matches!(state, RunState::Completed | RunState::Pruned)
}

fn merge(one: &[Trial], other: &[Trial]) -> Vec<Trial> {
    let mut all = [one, other].concat();
    // Two sorted runs: merged, not sorted anew.
    all.sort_by_key(|trial| trial.number);
    all
}

fn keep(study: StudyId, news: Kept) {
    let mut kept = kept();
    kept.insert(study, news);
    if kept.values().map(|study| study.settled.len()).sum::<usize>() > MOST_KEPT {
        kept.retain(|id, _| *id == study);
    }
}

fn kept() -> std::sync::MutexGuard<'static, HashMap<StudyId, Kept>> {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use sqlx::PgPool;

    use super::*;
    use crate::testing::{Coordinator, study_spec};

    #[sqlx::test(migrator = "crate::db::MIGRATOR")]
    async fn what_a_crash_may_take_back_is_not_kept(pool: PgPool) {
        let coordinator = Coordinator::with_content(pool.clone()).await;
        let worker = coordinator.worker(1).await;
        let study = coordinator.create(study_spec("study", 4, 3)).await;
        let states = async || {
            let mut db = pool.acquire().await.unwrap();
            let trials = all(&mut db, study.id, study.spec.metric).await.unwrap();
            trials.into_iter().map(|trial| (trial.number, trial.state)).collect::<Vec<_>>()
        };
        let sql = async |text: &'static str| {
            sqlx::query(text).execute(&pool).await.unwrap();
        };
        let grant = coordinator.claim(&worker).await.unwrap();
        coordinator.complete(&grant, 0.5, None).await;
        assert_eq!(states().await.len(), 4);

        // As if the log's end had been lost: the newest trial, and the end of the first one, with its attempt.
        sql("CREATE TABLE lost AS SELECT * FROM runs WHERE number = 4").await;
        sql("DELETE FROM runs WHERE number = 4").await;
        sql("ALTER TABLE runs DISABLE TRIGGER USER").await;
        sql("UPDATE runs SET state = 'waiting', ended_at = NULL, value = NULL, summary = NULL, paused = true WHERE number = 1").await;
        assert_eq!(states().await, [1, 2, 3].map(|number| (number, RunState::Waiting)));
        sql("INSERT INTO runs SELECT * FROM lost").await;
        assert_eq!(states().await, [1, 2, 3, 4].map(|number| (number, RunState::Waiting)));
        sql("ALTER TABLE runs ENABLE TRIGGER USER").await;

        // What is old is kept, and not read again.
        let grant = coordinator.claim(&worker).await.unwrap();
        coordinator.complete(&grant, 0.5, None).await;
        sql("UPDATE runs SET created_at = created_at - interval '1 min', ended_at = ended_at - interval '1 min'")
            .await;
        let seen = states().await;
        assert_eq!(seen.iter().filter(|(_, state)| *state == RunState::Completed).count(), 1);
        let which = kept()[&study.id].which.clone();
        assert_eq!((which.numbers.len(), which.behind), (3, 4));
        assert_eq!(states().await, seen);
    }
}
