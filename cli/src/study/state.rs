//! A study's state and hold, as words.

use pedigree_protocol::resources::Hold;
use pedigree_protocol::study::StudyState;

pub(super) const fn study_state(state: StudyState) -> &'static str {
    match state {
        StudyState::Searching => "searching",
        StudyState::Finishing => "finishing",
        StudyState::Testing => "testing",
        StudyState::Completed => "completed",
        StudyState::Failed => "failed",
        StudyState::Cancelled => "cancelled",
    }
}

/// How a hold is shown beside the state; empty where there is none.
pub(super) const fn held(hold: Hold) -> &'static str {
    match hold {
        Hold::None => "",
        Hold::Finish => ", paused (running trials finish)",
        Hold::Now => ", paused (running trials are handed back)",
    }
}
