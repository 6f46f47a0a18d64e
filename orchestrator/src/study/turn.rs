//! Taking turns: work that several requests ask for at once is done once.
//!
//! Requests that come while a turn is under way are served together by the next turn. This holds within one process;
//! between coordinators the database's lock decides.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pedigree_protocol::StudyId;

use crate::error::ApiResult;

/// The turns of all studies for which somebody asks just now.
#[derive(Debug, Default)]
pub(crate) struct Turns(Mutex<HashMap<StudyId, Arc<Requests>>>);

/// The requests for one study.
#[derive(Debug, Default)]
struct Requests {
    asked: AtomicU64,
    /// Number of the newest request that was served.
    served: tokio::sync::Mutex<u64>,
}

impl Turns {
    /// Does `work` unless a turn that began after this call has done it.
    pub(super) async fn take<F: Future<Output = ApiResult<()>>>(
        &self,
        study: StudyId,
        work: impl FnOnce() -> F,
    ) -> ApiResult<()> {
        let requests = self.all().entry(study).or_default().clone();
        let mine = requests.asked.fetch_add(1, Ordering::SeqCst) + 1;
        let mut served = requests.served.lock().await;
        let done = if *served >= mine {
            Ok(())
        } else {
            let newest = requests.asked.load(Ordering::SeqCst);
            let done = work().await;
            if done.is_ok() {
                *served = newest;
            }
            done
        };
        drop(served);
        drop(requests);
        // Each waiting request holds a reference too.
        self.all().retain(|id, requests| *id != study || Arc::strong_count(requests) > 1);
        done
    }

    fn all(&self) -> MutexGuard<'_, HashMap<StudyId, Arc<Requests>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use futures::future::join_all;

    use super::*;
    use crate::error::ApiError;

    #[tokio::test]
    async fn requests_that_come_meanwhile_are_served_by_one_turn() {
        let (study, turns, count) = (StudyId::new(), Turns::default(), AtomicU64::new(0));
        let work = async || {
            count.fetch_add(1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            Ok(())
        };
        let done = join_all((0..20).map(|_| turns.take(study, work))).await;
        assert!(done.iter().all(Result::is_ok));
        // The first begins at once; all the others came while it was at work.
        assert_eq!(count.load(Ordering::SeqCst), 2);
        turns.take(study, work).await.unwrap();
        assert_eq!(count.load(Ordering::SeqCst), 3);
        assert!(!turns.all().contains_key(&study));
    }

    #[tokio::test]
    async fn a_turn_that_fails_serves_nobody_else() {
        let (study, turns, count) = (StudyId::new(), Turns::default(), AtomicU64::new(0));
        let work = async || {
            tokio::task::yield_now().await;
            match count.fetch_add(1, Ordering::SeqCst) {
                0 | 1 => Err(ApiError::Unflushed),
                _ => Ok(()),
            }
        };
        let done = join_all((0..4).map(|_| turns.take(study, work))).await;
        assert_eq!(done.iter().map(Result::is_ok).collect::<Vec<_>>(), [false, false, true, true]);
        assert_eq!(count.load(Ordering::SeqCst), 3);
    }
}
