//! Taking turns: work that is the same for everybody who asks at once is done once.
//!
//! A request that comes while another is being served is served by the next turn, together with all that came
//! meanwhile. Within this process alone; between coordinators the database's lock decides.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use pedigree_protocol::StudyId;

use crate::error::ApiResult;

/// The queue of one study.
#[derive(Debug, Default)]
struct Queue {
    asked: AtomicU64,
    /// The newest request that is served.
    served: tokio::sync::Mutex<u64>,
}

static QUEUES: LazyLock<Mutex<HashMap<StudyId, Arc<Queue>>>> = LazyLock::new(Mutex::default);

/// Does `work` unless somebody who began after this call has done it.
pub(super) async fn take<F: Future<Output = ApiResult<()>>>(
    study: StudyId,
    work: impl FnOnce() -> F,
) -> ApiResult<()> {
    let queue = queues().entry(study).or_default().clone();
    let mine = queue.asked.fetch_add(1, Ordering::SeqCst) + 1;
    let mut served = queue.served.lock().await;
    let done = if *served >= mine {
        Ok(())
    } else {
        let newest = queue.asked.load(Ordering::SeqCst);
        let done = work().await;
        if done.is_ok() {
            *served = newest;
        }
        done
    };
    drop(served);
    drop(queue);
    // Whoever waits holds the queue too.
    queues().retain(|id, queue| *id != study || Arc::strong_count(queue) > 1);
    done
}

fn queues() -> std::sync::MutexGuard<'static, HashMap<StudyId, Arc<Queue>>> {
    QUEUES.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use futures::future::join_all;

    use super::*;
    use crate::error::ApiError;

    #[tokio::test]
    async fn requests_that_come_meanwhile_are_served_by_one_turn() {
        let (study, turns) = (StudyId::new(), AtomicU64::new(0));
        let work = async || {
            turns.fetch_add(1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            Ok(())
        };
        let done = join_all((0..20).map(|_| take(study, work))).await;
        assert!(done.iter().all(Result::is_ok));
        // The first begins at once; all the others came while it was at work.
        assert_eq!(turns.load(Ordering::SeqCst), 2);
        take(study, work).await.unwrap();
        assert_eq!(turns.load(Ordering::SeqCst), 3);
        assert!(!queues().contains_key(&study));
    }

    #[tokio::test]
    async fn a_turn_that_fails_serves_nobody_else() {
        let (study, turns) = (StudyId::new(), AtomicU64::new(0));
        let work = async || {
            tokio::task::yield_now().await;
            match turns.fetch_add(1, Ordering::SeqCst) {
                0 | 1 => Err(ApiError::Unflushed),
                _ => Ok(()),
            }
        };
        let done = join_all((0..4).map(|_| take(study, work))).await;
        assert_eq!(done.iter().map(Result::is_ok).collect::<Vec<_>>(), [false, false, true, true]);
        assert_eq!(turns.load(Ordering::SeqCst), 3);
    }
}
