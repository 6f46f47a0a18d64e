//! A run in words.

use pedigree_protocol::run::{Run, RunKind, RunState};

use crate::output::duration;

/// What people call a run.
pub(crate) fn name(run: &Run) -> String {
    match (run.kind, run.number) {
        (RunKind::Trial, Some(number)) => format!("trial {number}"),
        (RunKind::Trial, None) => "trial".to_owned(),
        (RunKind::Final, _) => "final run".to_owned(),
        (RunKind::Dapt, _) => "pretraining".to_owned(),
    }
}

/// How long the newest attempt took.
pub(crate) fn took(run: &Run) -> String {
    match (run.started_at, run.ended_at) {
        (Some(from), Some(to)) => duration((to - from).num_seconds()),
        _ => "-".to_owned(),
    }
}

/// The state's name.
pub(crate) const fn state(state: RunState) -> &'static str {
    match state {
        RunState::Waiting => "waiting",
        RunState::Leased => "leased",
        RunState::Running => "running",
        RunState::Completed => "completed",
        RunState::Pruned => "pruned",
        RunState::Failed => "failed",
        RunState::Cancelled => "cancelled",
    }
}

/// What a user has asked of a run, to be shown after its state.
pub(crate) fn held(run: &Run) -> &'static str {
    match (run.cancelling, run.paused && !run.state.is_final(), run.state.is_live()) {
        (true, _, _) => ", to be cancelled",
        (false, true, true) => ", to be paused",
        (false, true, false) => ", paused",
        (false, false, _) => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    #[test]
    fn a_run_is_called_by_its_kind() {
        let mut run = fixtures::trial(3, "running", None);
        assert_eq!(name(&run), "trial 3");
        (run.kind, run.number) = (RunKind::Final, None);
        assert_eq!(name(&run), "final run");
        run.kind = RunKind::Dapt;
        assert_eq!(name(&run), "pretraining");
    }
}
