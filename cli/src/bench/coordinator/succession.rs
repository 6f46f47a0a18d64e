//! The studies of the turnover. A fixed number is open at a time; each completes after its trials, and a new one
//! follows.
//!
//! Owns which studies there are and when the next one opens. Must not know what a worker does with a trial.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use pedigree_protocol::QueueId;
use pedigree_protocol::client::Client;
use pedigree_protocol::lease::LeaseGrant;
use tokio::sync::Semaphore;

use super::args::CoordinatorArgs;
use super::{content, history};
use crate::up::Stand;

/// Studies that share the fleet.
pub(super) const STUDIES: u32 = 8;

/// Trials that a study adds to those it starts with. The first studies add from an eighth more to twice as many, so
/// that they do not all complete at once.
const GROWS: u32 = 1_000;

/// Studies that follow each other.
#[derive(Debug)]
pub(super) struct Succession<'a> {
    args: &'a CoordinatorArgs,
    client: Client,
    database_url: &'a str,
    /// For each study without a successor, the trial whose start calls for one.
    heralds: Mutex<HashMap<QueueId, i32>>,
    opened: AtomicU32,
    /// A permit for each study that is due.
    due: Semaphore,
}

impl<'a> Succession<'a> {
    pub(super) fn new(args: &'a CoordinatorArgs, stand: &'a Stand) -> Self {
        Self {
            args,
            client: stand.client(),
            database_url: stand.database_url(),
            heralds: Mutex::default(),
            opened: AtomicU32::new(0),
            due: Semaphore::new(0),
        }
    }

    /// Opens the first studies.
    pub(super) async fn begin(&self) -> anyhow::Result<()> {
        for number in 1..=STUDIES {
            self.open(GROWS + GROWS * number / STUDIES).await?;
        }
        history::analyze(self.database_url).await
    }

    /// How many studies were opened.
    pub(super) fn opened(&self) -> u32 {
        self.opened.load(Ordering::Relaxed)
    }

    /// A worker has begun the granted run.
    pub(super) fn begun(&self, grant: &LeaseGrant) {
        let mut heralds = self.heralds.lock().unwrap_or_else(PoisonError::into_inner);
        // A final run has no number, which is less than any.
        if heralds.get(&grant.queue_id).is_some_and(|herald| grant.number >= Some(*herald)) {
            heralds.remove(&grant.queue_id);
            self.due.add_permits(1);
        }
    }

    /// Opens studies as they fall due. Returns only with an error.
    pub(super) async fn follow(&self) -> anyhow::Result<()> {
        loop {
            self.due.acquire().await?.forget();
            self.open(GROWS).await?;
        }
    }

    /// Opens a study with a history, which adds this many trials. The next study is due while part of the fleet can
    /// still begin the last trials of this one.
    async fn open(&self, grows: u32) -> anyhow::Result<()> {
        let name = format!("bench-turnover-{}", self.opened.fetch_add(1, Ordering::Relaxed) + 1);
        let concurrent = self.args.workers.div_ceil(STUDIES);
        let trials = self.args.trials + grows.max(2 * concurrent);
        let spec = content::study(&name, self.args.method, concurrent, trials)?;
        let study = self.client.create_study(&spec).await?;
        history::insert(self.database_url, &name, self.args.trials).await?;
        let herald = i32::try_from(trials - concurrent)?;
        self.heralds.lock().unwrap_or_else(PoisonError::into_inner).insert(study.id.into(), herald);
        Ok(())
    }
}
