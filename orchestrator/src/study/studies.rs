//! The part of the coordinator that moves studies on.

use std::sync::Arc;

use sqlx::PgPool;

use crate::run::trial_cache::TrialCache;
use crate::study::turn::Turns;

/// The database, and what this process remembers between two calls. All of it may be lost.
#[derive(Debug, Clone)]
pub(crate) struct Studies {
    pub(crate) pool: PgPool,
    pub(crate) trials: Arc<TrialCache>,
    pub(super) turns: Arc<Turns>,
}

impl Studies {
    pub(crate) fn new(pool: PgPool) -> Self {
        Self { pool, trials: Arc::default(), turns: Arc::default() }
    }
}
