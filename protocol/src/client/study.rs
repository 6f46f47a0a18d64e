//! Studies: their trials, and what people do to them.

use super::Client;
use super::error::Result;
use super::route::route;
use crate::insight::StudyInsight;
use crate::page::{LARGEST_LIMIT, Page, PageQuery};
use crate::queue::Priority;
use crate::replay::StudyReplay;
use crate::resources::Pause;
use crate::run::{Run, RunFilter, RunPage};
use crate::study::{Enqueue, Enqueued, Retried, RetryFailed, Study, StudyFilter, StudySpec};

impl Client {
    /// All studies, newest first.
    pub async fn studies(&self) -> Result<Vec<Study>> {
        Ok(self.list_studies(&StudyFilter::default(), None).await?.items)
    }

    /// The first studies that the filter lets through, newest first, `most` at most.
    pub async fn list_studies(&self, filter: &StudyFilter, most: Option<u32>) -> Result<Page<Study>> {
        self.first(&route!["studies"], filter, most).await
    }

    /// One study, by id or name.
    pub async fn study(&self, study: &str) -> Result<Study> {
        self.get(route!["studies", study]).await
    }

    /// Creates a study. The same specification under the same name gives the study that is there.
    pub async fn create_study(&self, spec: &StudySpec) -> Result<Study> {
        self.post(route!["studies"], spec).await
    }

    /// Puts a configuration into a study's queue. The same under the same key again changes nothing.
    pub async fn enqueue(&self, study: &str, wanted: &Enqueue) -> Result<Enqueued> {
        self.post(route!["studies", study, "trials"], wanted).await
    }

    /// Every suggestion of a study, computed again from its record.
    pub async fn replay(&self, study: &str) -> Result<StudyReplay> {
        self.get(route!["studies", study, "replay"]).await
    }

    /// Which sampler proposed each trial, which studies donated trials, and which parameters mattered.
    pub async fn insight(&self, study: &str) -> Result<StudyInsight> {
        self.get(route!["studies", study, "insight"]).await
    }

    /// All runs of a study: trials by number, then the final run.
    pub async fn runs(&self, study: &str) -> Result<Vec<Run>> {
        Ok(self.list_runs(study, &RunFilter::default(), None).await?.items)
    }

    /// The first runs of a study that the filter lets through, `most` at most.
    pub async fn list_runs(&self, study: &str, filter: &RunFilter, most: Option<u32>) -> Result<Page<Run>> {
        self.first(&route!["studies", study, "runs"], filter, most).await
    }

    /// The runs of a study that changed after a revision; all runs where no revision is given, or where the changes
    /// since are no longer kept.
    pub async fn changed_runs(&self, study: &str, since: Option<i64>) -> Result<RunPage> {
        let (route, filter) = (route!["studies", study, "runs"], RunFilter { since, ..RunFilter::default() });
        let first = PageQuery { limit: Some(LARGEST_LIMIT), cursor: None };
        // Its revision counts for all pages: what changes during the walk is told again.
        let RunPage { page, revision, all } = self.page(&route, &filter, &first).await?;
        Ok(RunPage { page: self.rest(&route, &filter, page, None).await?, revision, all })
    }

    /// Cancels a study. Waiting runs end at once, live ones as soon as their workers hear of it.
    pub async fn cancel_study(&self, study: &str) -> Result<Study> {
        self.post(route!["studies", study, "cancel"], &()).await
    }

    /// Puts a study's failed runs back into its queue, with new budgets of retries.
    pub async fn retry_failed(&self, study: &str, which: &RetryFailed) -> Result<Retried> {
        self.post(route!["studies", study, "retry"], which).await
    }

    /// Pauses a study: nothing new begins until it is resumed.
    pub async fn pause_study(&self, study: &str, pause: Pause) -> Result<Study> {
        self.post(route!["studies", study, "pause"], &pause).await
    }

    /// Lets a paused study go on.
    pub async fn resume_study(&self, study: &str) -> Result<Study> {
        self.post(route!["studies", study, "resume"], &()).await
    }

    /// Gives a study another priority.
    pub async fn prioritise(&self, study: &str, priority: Priority) -> Result<Study> {
        self.post(route!["studies", study, "priority"], &priority).await
    }
}
