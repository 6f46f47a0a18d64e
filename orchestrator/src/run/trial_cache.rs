//! A cache of the ended trials of studies, so that a suggestion does not read its study's whole past.
//!
//! It holds only completed and pruned trials whose end is on disk. No step leads out of those states (`run::machine`), no
//! trial is ever removed, and no crash of the database takes their end back. So a cached trial is never wrong, and any
//! part of the cache may be dropped at any time. All other trials are read again at every look.

use std::collections::HashMap;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use pedigree_protocol::run::RunState;
use pedigree_protocol::study::StudySpec;
use pedigree_protocol::{Space, StudyId};
use pedigree_sampler::{Observed, Past};
use sqlx::PgConnection;

use crate::error::ApiResult;
use crate::run::disk::{Moment, Standing};
use crate::run::trial::{self, Trial, Which};
use crate::run::trials::Trials;

/// The cache holds at most this many trials and studies together; each takes about 200 bytes.
const MOST_KEPT: usize = 400_000;

/// When the cache is full, studies that nobody looked at for this long are dropped.
const IDLE: Duration = Duration::from_secs(60);

/// Up to this many newly ended trials are read again: to ask whether they are on disk would cost a round trip too.
const FEW: usize = 8;

/// After a look that saw more newly ended trials than this, the cache first asks whether they are on disk: one short
/// round trip spares reading all of them again.
const LARGE_LOOK: usize = 32;

/// The cache of one coordinator.
#[derive(Debug, Default)]
pub(crate) struct TrialCache(Mutex<HashMap<StudyId, Place>>);

/// The place of a study in the cache.
#[derive(Debug, Default)]
struct Place {
    /// `None` while a look is under way; the place stays reserved.
    kept: Option<Kept>,
    size: usize,
    /// When the last look began or ended.
    at: Option<Instant>,
}

/// The cached trials of a study.
#[derive(Debug, Default)]
struct Kept {
    /// Nobody else holds it between two looks, so that it grows in place.
    past: Arc<Past>,
    /// The trials that are not in `past`.
    which: Which,
    /// A later look, until what it saw is on disk and is added to `past`.
    next: Option<Look>,
}

/// What a look saw beyond the cached trials.
#[derive(Debug)]
struct Look {
    at: Moment,
    settled: Vec<Observed>,
    which: Which,
    on_disk: bool,
}

impl TrialCache {
    /// All trials of a study. The caller must hold the study's lock and must have written none of its trials yet.
    pub(crate) async fn all(
        &self,
        db: &mut PgConnection,
        study: StudyId,
        spec: &StudySpec,
    ) -> ApiResult<Trials> {
        let mut taken = Taken::of(self, study);
        let kept = &mut taken.kept;
        let large = kept.next.as_ref().is_some_and(|look| !look.on_disk && look.settled.len() > LARGE_LOOK);
        if large {
            kept.ask(Moment::now(db).await?);
        }
        kept.take_in(&spec.parameters);
        let others = trial::some(db, study, spec.metric, &kept.which).await?;
        let fresh = others.iter().filter(|trial| settled(trial).is_some()).count();
        if large || fresh > FEW || kept.next.is_some() {
            // After the read: the log is then at least as long as what was seen.
            kept.note(&others, Moment::now(db).await?);
        }
        Ok(Trials { past: kept.past.clone(), others })
    }

    /// Forgets a study whose search is over.
    pub(crate) fn forget(&self, study: StudyId) {
        self.places().remove(&study);
    }

    fn places(&self) -> MutexGuard<'_, HashMap<StudyId, Place>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// Its share of the cache: its trials, and one for the study.
    fn size(&self) -> usize {
        1 + self.past.len() + self.next.as_ref().map_or(0, |look| look.settled.len())
    }

    /// Asks whether the later look is on disk by now. A look that may have seen what a crash took back is dropped.
    fn ask(&mut self, now: Moment) {
        if let Some(look) = &mut self.next {
            match now.standing_of(&look.at) {
                Standing::OnDisk => look.on_disk = true,
                Standing::Pending => {}
                Standing::Doubtful => self.next = None,
            }
        }
    }

    /// Keeps what was read as the later look, unless one is waiting already.
    fn note(&mut self, read: &[Trial], now: Moment) {
        self.ask(now);
        if self.next.is_none() {
            self.next = Some(Look::new(read, now, self.which.behind));
        }
    }

    /// Adds what the later look saw to the cached trials, if it is on disk.
    fn take_in(&mut self, space: &Space) {
        if let Some(look) = self.next.take_if(|look| look.on_disk) {
            Arc::make_mut(&mut self.past).add(space, &look.settled);
            self.which = look.which;
        }
    }
}

impl Look {
    fn new(read: &[Trial], at: Moment, behind: i32) -> Self {
        let behind = read.last().map_or(behind, |trial| trial.number.cast_signed().max(behind));
        let others = read.iter().filter(|trial| settled(trial).is_none());
        let numbers = others.map(|trial| trial.number.cast_signed()).collect();
        let settled = read.iter().filter_map(settled).collect();
        Self { at, settled, which: Which { numbers, behind }, on_disk: false }
    }
}

/// A trial that will never change, as the sampler sees it.
fn settled(trial: &Trial) -> Option<Observed> {
    matches!(trial.state, RunState::Completed | RunState::Pruned).then(|| trial.observed())?
}

/// The cached trials of a study while a look is under way. They go back however the look ends: a read that failed has
/// changed nothing.
#[derive(Debug)]
struct Taken<'a> {
    cache: &'a TrialCache,
    study: StudyId,
    kept: Kept,
}

impl<'a> Taken<'a> {
    fn of(cache: &'a TrialCache, study: StudyId) -> Self {
        let mut places = cache.places();
        let place = places.get_mut(&study);
        let kept = place.and_then(|place| {
            place.at = Some(Instant::now());
            place.kept.take()
        });
        Self { cache, study, kept: kept.unwrap_or_default() }
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        keep(&mut self.cache.places(), self.study, mem::take(&mut self.kept));
    }
}

/// Puts a study into its place, with its later look while there is room. A full cache does not drop studies at work: if
/// one drove another out, each look would read a whole past.
fn keep(places: &mut HashMap<StudyId, Place>, study: StudyId, mut kept: Kept) {
    let fits = |places: &HashMap<StudyId, Place>, kept: &Kept| {
        let others = places.iter().filter(|(id, _)| **id != study).map(|(_, other)| other.size);
        others.sum::<usize>() + kept.size() <= MOST_KEPT
    };
    if !fits(places, &kept) {
        places.retain(|id, other| *id == study || other.at.is_some_and(|at| at.elapsed() < IDLE));
    }
    if !fits(places, &kept) {
        kept.next = None;
    }
    if fits(places, &kept) {
        let size = kept.size();
        places.insert(study, Place { kept: Some(kept), size, at: Some(Instant::now()) });
    } else {
        places.remove(&study);
    }
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

    fn completed(number: u32) -> Trial {
        Trial { value: Some(0.5), ..trial(number, RunState::Completed) }
    }

    /// A look of 2000 trials.
    fn large() -> Kept {
        let ended: Vec<Trial> = (1..=1000).map(completed).collect();
        let mut kept = Kept::default();
        for _ in 0..2 {
            kept.note(&ended, Moment::of_test(1, 10, 10));
        }
        kept.take_in(&Space::new(vec![]).unwrap());
        kept.note(&ended, Moment::of_test(1, 10, 5));
        assert_eq!(kept.size(), 2001);
        kept
    }

    #[test]
    fn what_a_crash_may_take_back_is_not_kept() {
        let space = Space::new(vec![]).unwrap();
        let (mut kept, ended) = (Kept::default(), || vec![completed(1), trial(2, RunState::Waiting)]);
        let mut note = |read: Vec<Trial>, (session, written, flushed)| {
            kept.take_in(&space);
            kept.note(&read, Moment::of_test(session, written, flushed));
            kept.take_in(&space);
            (kept.past.len(), kept.which.behind, kept.which.numbers.clone())
        };
        note(ended(), (1, 10, 5));
        // Not on disk yet.
        assert_eq!(note(ended(), (1, 20, 9)), (0, 0, vec![]));
        // After a crash: the trial's end is gone, and so is the newest trial; the log may well be longer by now.
        assert_eq!(note(vec![trial(1, RunState::Waiting)], (2, 30, 30)), (0, 0, vec![]));
        assert_eq!(note(ended(), (2, 30, 30)), (0, 1, vec![1]));
        note(ended(), (2, 40, 35));
        assert_eq!(note(ended(), (2, 50, 40)), (1, 2, vec![2]));
    }

    /// Complaint 20 (ray 64231): the driver's memory grows with the trials until it is killed.
    #[test]
    fn complaint_20_what_is_kept_is_bounded_over_all_studies() {
        let (mut places, room) = (HashMap::new(), MOST_KEPT / large().size());
        for _ in 0..room {
            keep(&mut places, StudyId::new(), large());
        }
        assert_eq!(places.len(), room);
        // Studies at work take the place of idle ones, and stay.
        places.values_mut().for_each(|place| place.at = None);
        let first: Vec<StudyId> = (0..room).map(|_| StudyId::new()).collect();
        for id in first.iter().copied().chain((0..3).map(|_| StudyId::new())) {
            keep(&mut places, id, large());
            let size: usize = places.values().map(|place| place.kept.as_ref().unwrap().size()).sum();
            assert!(size <= MOST_KEPT, "{size} kept");
        }
        assert!(first.iter().all(|id| places[id].kept.as_ref().unwrap().past.len() == 1000));
        // Studies without trials count too.
        let empty = || Place { kept: Some(Kept::default()), size: 1, at: None };
        let mut places: HashMap<_, _> = (0..MOST_KEPT).map(|_| (StudyId::new(), empty())).collect();
        keep(&mut places, StudyId::new(), Kept::default());
        assert_eq!(places.len(), 1);
    }

    #[sqlx::test(migrator = "crate::db::MIGRATOR")]
    async fn what_is_on_disk_is_not_read_again(pool: PgPool) {
        let (_coordinator, study) = with_completed(&pool, FEW + 1).await;
        let mut db = pool.acquire().await.unwrap();
        let cache = TrialCache::default();
        let mut look = async || cache.all(&mut db, study.id, &study.spec).await.unwrap();
        assert_eq!((look().await.others.len(), look().await.past.len()), (FEW + 4, 0));
        flush(&pool).await;
        look().await;
        let seen = look().await;
        assert_eq!((seen.past.len(), seen.others.len()), (FEW + 1, 3));
        assert_eq!(look().await, seen);
        cache.forget(study.id);
        let anew = look().await;
        assert_eq!((anew.len(), anew.past.len()), (seen.len(), 0));
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

    /// A study with so many completed trials, and three that wait.
    async fn with_completed(pool: &PgPool, completed: usize) -> (Coordinator, Study) {
        let coordinator = Coordinator::with_content(pool.clone()).await;
        let worker = coordinator.worker(1).await;
        let study = coordinator.create(study_spec("study", 20, 3)).await;
        for _ in 0..completed {
            let grant = coordinator.claim(&worker).await.unwrap();
            coordinator.complete(&grant, 0.5).await;
        }
        (coordinator, study)
    }
}
