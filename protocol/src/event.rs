//! Changes: "X changed at revision n". No data travels by event, so a lost or doubled one is harmless.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::id::{QueueId, RunId};

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Change {
    /// Grows with every change of the database.
    pub revision: i64,
    /// What changed.
    pub topic: Topic,
    /// The study, pretraining or grid that changed, or the study or pretraining that the run belongs to.
    pub queue_id: Option<QueueId>,
    /// The run that changed.
    pub run_id: Option<RunId>,
}

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "sqlx", derive(sqlx::Type), sqlx(type_name = "topic", rename_all = "snake_case"))]
pub enum Topic {
    /// A dataset was registered.
    Dataset,
    /// A backbone was registered.
    Backbone,
    /// A study changed.
    Study,
    /// A pretraining was queued.
    Pretraining,
    /// A grid changed.
    Grid,
    /// A study or pretraining was paused or resumed, or has another priority.
    Queue,
    /// A run, an attempt or its reports changed.
    Run,
    /// An attempt's log grew.
    Log,
    /// A worker came or changed.
    Fleet,
}
