//! What is known of a study's trials from the last look, so that its whole past is not read for each suggestion.
//!
//! Kept are completed and pruned trials alone: no step leads out of those states (`run::machine`), and no trial is ever
//! removed, so that what is kept cannot be wrong; it may be forgotten at any time. Open and failed trials are read
//! again at every look.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use pedigree_protocol::StudyId;
use pedigree_protocol::objective::Metric;
use pedigree_protocol::run::RunState;
use sqlx::PgConnection;

use crate::error::ApiResult;
use crate::run::trial::{self, Trial, Which};

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
    let last =
        read.last().map_or(kept.which.behind, |trial| trial.number.cast_signed()).max(kept.which.behind);
    let (fresh, open): (Vec<Trial>, Vec<Trial>) = read.into_iter().partition(|trial| is_settled(trial.state));
    let which =
        Which { numbers: open.iter().map(|trial| trial.number.cast_signed()).collect(), behind: last };
    let settled = if fresh.is_empty() { kept.settled } else { Arc::new(merge(&kept.settled, &fresh)) };
    let all = merge(&settled, &open);
    keep(study, Kept { settled, which });
    Ok(all)
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
