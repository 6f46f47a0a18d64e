//! What a run belongs to.

use pedigree_protocol::run::RunKind;
use pedigree_protocol::{PretrainingId, QueueId, StudyId};

/// The noun behind a run's entry of the queue, which the run's kind tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    Study(StudyId),
    Pretraining(PretrainingId),
}

impl Owner {
    /// The owner of a run of that kind.
    pub(crate) const fn of(kind: RunKind, QueueId(id): QueueId) -> Self {
        match kind {
            RunKind::Trial | RunKind::Final | RunKind::Test => Self::Study(StudyId(id)),
            RunKind::Dapt => Self::Pretraining(PretrainingId(id)),
        }
    }
}
