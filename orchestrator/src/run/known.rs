//! What is known of a study's trials from the last look, so that its whole past is not read for each suggestion.
//!
//! Kept are completed and pruned trials alone whose end is on disk: no step leads out of those states (`run::machine`), no
//! trial is ever removed, and no crash of the database takes them back, so that what is kept cannot be wrong; it may be
//! forgotten at any time. All others are read again at every look.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use pedigree_protocol::StudyId;
use pedigree_protocol::objective::Metric;
use pedigree_protocol::run::RunState;
use sqlx::PgConnection;

use crate::error::ApiResult;
use crate::run::disk::{Moment, Standing};
use crate::run::trial::{self, Trial, Which};

/// Trials and studies together that are kept at most; about a kilobyte each.
const MOST_KEPT: usize = 100_000;

/// A study that was not looked at for so long makes room for others.
const IDLE: Duration = Duration::from_secs(60);

/// As few trials that have ended since are simply read again: to learn whether they are on disk is an exchange too.
const FEW: usize = 8;

/// A look that saw more than that is asked for before the read: one short exchange, instead of reading all of it again.
const LARGE_LOOK: usize = 32;

/// One for the process: ids of studies differ in all databases.
static KEPT: LazyLock<Mutex<HashMap<StudyId, Kept>>> = LazyLock::new(Mutex::default);

/// What is kept of a study.
#[derive(Debug, Clone, Default)]
struct Kept {
    /// By number.
    settled: Arc<Vec<Trial>>,
    /// The others.
    which: Which,
    /// A later look, until what it saw is on disk.
    next: Option<Arc<Look>>,
    /// When the study was looked at last.
    at: Option<Instant>,
}

/// What a look saw beyond what was kept.
#[derive(Debug)]
struct Look {
    at: Moment,
    settled: Vec<Trial>,
    which: Which,
}

/// All trials of a study, by number. The caller holds the study's lock and has written nothing of it yet.
pub(crate) async fn all(db: &mut PgConnection, study: StudyId, metric: Metric) -> ApiResult<Vec<Trial>> {
    let mut of_study = last_look(study);
    let large = of_study.next.as_ref().is_some_and(|look| look.settled.len() > LARGE_LOOK);
    if large {
        of_study.take_in(Moment::now(db).await?);
    }
    let read = trial::some(db, study, metric, &of_study.which).await?;
    let all = merge(&of_study.settled, &read);
    let fresh = read.iter().filter(|trial| is_settled(trial.state)).count();
    if large || fresh > FEW || of_study.next.is_some() {
        // After the read: the log is then at least as long as what was seen.
        of_study.note(read, Moment::now(db).await?);
        keep(&mut kept(), study, of_study);
    }
    Ok(all)
}

impl Kept {
    /// What it takes up: its trials, and itself.
    fn size(&self) -> usize {
        1 + self.settled.len() + self.next.as_ref().map_or(0, |look| look.settled.len())
    }

    /// Takes in what was read beyond what is kept.
    fn note(&mut self, read: Vec<Trial>, now: Moment) {
        // What was read reaches back to what is kept now, not to what is about to be.
        let behind = self.which.behind;
        if !self.take_in(now) && self.next.is_none() {
            self.next = Some(Arc::new(Look::new(read, now, behind)));
        }
    }

    /// Keeps what an earlier look saw, if it is on disk by now; whether it is. A look that may have seen what a crash
    /// took back is forgotten.
    fn take_in(&mut self, now: Moment) -> bool {
        let Some(look) = self.next.take() else { return false };
        match now.standing_of(&look.at) {
            Standing::OnDisk => {
                self.settled = Arc::new(merge(&self.settled, &look.settled));
                self.which = look.which.clone();
                return true;
            }
            Standing::Pending => self.next = Some(look),
            Standing::Doubtful => {}
        }
        false
    }
}

impl Look {
    fn new(read: Vec<Trial>, at: Moment, behind: i32) -> Self {
        let behind = read.last().map_or(behind, |trial| trial.number.cast_signed().max(behind));
        let (settled, others): (Vec<Trial>, Vec<Trial>) =
            read.into_iter().partition(|trial| is_settled(trial.state));
        let numbers = others.iter().map(|trial| trial.number.cast_signed()).collect();
        Self { at, settled, which: Which { numbers, behind } }
    }
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

/// What is kept of a study that is being looked at.
fn last_look(study: StudyId) -> Kept {
    let mut kept = kept();
    let Some(of_study) = kept.get_mut(&study) else {
        return Kept { at: Some(Instant::now()), ..Kept::default() };
    };
    of_study.at = Some(Instant::now());
    of_study.clone()
}

/// Keeps news of a study while there is room. Where there is none, what is kept of the studies at work stays: were one to
/// drive another out, each look would read a whole past.
fn keep(kept: &mut HashMap<StudyId, Kept>, study: StudyId, news: Kept) {
    let fits = |kept: &HashMap<StudyId, Kept>| {
        let others = kept.iter().filter(|(id, _)| **id != study).map(|(_, other)| other.size());
        others.sum::<usize>() + news.size() <= MOST_KEPT
    };
    if !fits(kept) {
        kept.retain(|_, other| other.at.is_some_and(|at| at.elapsed() < IDLE));
    }
    if fits(kept) {
        kept.insert(study, news);
    }
}

fn kept() -> std::sync::MutexGuard<'static, HashMap<StudyId, Kept>> {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use pedigree_protocol::ParamValues;
    use pedigree_protocol::study::Study;
    use sqlx::{ConnectOptions as _, Executor as _, PgPool};

    use super::*;
    use crate::testing::{Coordinator, study_spec};

    fn trial(number: u32, state: RunState) -> Trial {
        Trial { state, ..Trial::proposed(number, ParamValues::new()) }
    }

    #[test]
    fn what_a_crash_may_take_back_is_not_kept() {
        let (mut kept, ended) =
            (Kept::default(), || vec![trial(1, RunState::Completed), trial(2, RunState::Waiting)]);
        kept.note(ended(), Moment::of_test(1, 10, 5));
        // Not on disk yet.
        kept.note(ended(), Moment::of_test(1, 20, 9));
        assert_eq!((kept.settled.len(), kept.which.behind), (0, 0));
        // After a crash: the trial's end is gone, and so is the newest trial; the log may well be longer by now.
        kept.note(vec![trial(1, RunState::Waiting)], Moment::of_test(2, 30, 30));
        assert_eq!((kept.settled.len(), kept.which.behind), (0, 0));
        kept.note(ended(), Moment::of_test(2, 30, 30));
        assert_eq!((kept.settled.len(), kept.which.behind), (0, 1));
        kept.note(ended(), Moment::of_test(2, 40, 35));
        kept.note(ended(), Moment::of_test(2, 50, 40));
        assert_eq!((&*kept.settled, kept.which.behind), (&vec![trial(1, RunState::Completed)], 2));
        assert_eq!(kept.which.numbers, [2]);
    }

    /// Complaint 20 (ray 64231): the driver's memory grows with the trials until it is killed.
    #[test]
    fn complaint_20_what_is_kept_is_bounded_over_all_studies() {
        let ended = vec![trial(1, RunState::Completed); 1000];
        let look = Look::new(ended.clone(), Moment::of_test(1, 10, 5), 0);
        let idle = Kept { settled: Arc::new(ended), next: Some(Arc::new(look)), ..Kept::default() };
        let at_work = Kept { at: Some(Instant::now()), ..idle.clone() };
        let (mut kept, room) = (HashMap::new(), MOST_KEPT / idle.size());
        for _ in 0..room {
            keep(&mut kept, StudyId::new(), idle.clone());
        }
        assert_eq!(kept.len(), room);
        // Studies at work take the place of idle ones, and stay.
        let first: Vec<StudyId> = (0..room).map(|_| StudyId::new()).collect();
        for id in first.iter().copied().chain((0..3).map(|_| StudyId::new())) {
            keep(&mut kept, id, at_work.clone());
            assert!(kept.len() <= room, "{} studies of 2000 trials each", kept.len());
        }
        assert!(kept.len() == room && first.iter().all(|id| kept.contains_key(id)));
        // Studies without trials count too.
        let mut kept: HashMap<_, _> = (0..MOST_KEPT).map(|_| (StudyId::new(), Kept::default())).collect();
        keep(&mut kept, StudyId::new(), Kept::default());
        assert_eq!(kept.len(), 1);
    }

    #[sqlx::test(migrator = "crate::db::MIGRATOR")]
    async fn what_is_on_disk_is_not_read_again(pool: PgPool) {
        let (_coordinator, study) = with_completed(&pool, FEW + 1).await;
        let mut db = pool.acquire().await.unwrap();
        let mut look = async || all(&mut db, study.id, study.spec.metric).await.unwrap();
        let seen = look().await;
        flush(&pool).await;
        assert_eq!(look().await, seen);
        let which = kept()[&study.id].which.clone();
        assert_eq!((which.numbers.len(), which.behind), (3, 12));
        assert_eq!(look().await, seen);
    }

    #[sqlx::test(migrator = "crate::db::MIGRATOR")]
    async fn a_session_that_began_later_proves_nothing(pool: PgPool) {
        let mut before = pool.acquire().await.unwrap();
        let earlier = Moment::now(&mut before).await.unwrap();
        let mut after = pool.connect_options().connect().await.unwrap();
        flush(&pool).await;
        assert_eq!(Moment::now(&mut after).await.unwrap().standing_of(&earlier), Standing::Doubtful);
        assert_eq!(Moment::now(&mut before).await.unwrap().standing_of(&earlier), Standing::OnDisk);
    }

    /// The test's cluster commits without waiting for the disk.
    async fn flush(pool: &PgPool) {
        let mut db = pool.acquire().await.unwrap();
        db.execute("SET synchronous_commit = on").await.unwrap();
        db.execute("SELECT pg_logical_emit_message(true, 'pedigree', '')").await.unwrap();
    }

    /// A study with so many completed trials and three that wait, looked at by nobody since.
    async fn with_completed(pool: &PgPool, completed: usize) -> (Coordinator, Study) {
        let coordinator = Coordinator::with_content(pool.clone()).await;
        let worker = coordinator.worker(1).await;
        let study = coordinator.create(study_spec("study", 20, 3)).await;
        for _ in 0..completed {
            let grant = coordinator.claim(&worker).await.unwrap();
            coordinator.complete(&grant, 0.5, None).await;
        }
        kept().remove(&study.id);
        (coordinator, study)
    }
}
