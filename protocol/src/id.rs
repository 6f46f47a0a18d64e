//! Ids: each noun has its own type, so that a swapped pair does not compile.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

macro_rules! define_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
        )]
        #[serde(transparent)]
        #[schema(value_type = String, format = Uuid)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new id; ids made later sort later.
            #[expect(clippy::new_without_default, reason = "a default id would hide that each call differs")]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}

define_id!(
    /// A registered dataset.
    DatasetId
);
define_id!(
    /// A registered backbone.
    BackboneId
);
define_id!(
    /// A study.
    StudyId
);
define_id!(
    /// A grid.
    GridId
);
define_id!(
    /// A pretraining.
    PretrainingId
);
define_id!(
    /// An entry of the queue; a study and a pretraining have the id of their entry.
    QueueId
);
define_id!(
    /// A run: a trial, a final run or a pretraining.
    RunId
);
define_id!(
    /// A worker process; a restarted worker is a new one.
    WorkerId
);

define_id!(
    /// A token by which a caller is recognised.
    TokenId
);

impl From<StudyId> for QueueId {
    fn from(StudyId(id): StudyId) -> Self {
        Self(id)
    }
}

impl From<PretrainingId> for QueueId {
    fn from(PretrainingId(id): PretrainingId) -> Self {
        Self(id)
    }
}

/// The number of a try at a run. It only grows: it is the fencing token of the lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = i32)]
pub struct Attempt(pub i32);

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
