//! A run in words.

use pedigree_protocol::resources::Hold;
use pedigree_protocol::run::{Run, RunKind, RunState};

use crate::output::duration;

/// What people call a run.
pub(crate) fn name(run: &Run) -> String {
    match (run.kind, run.number) {
        (RunKind::Trial, Some(number)) => format!("trial {number}"),
        (RunKind::Trial, None) => "trial".to_owned(),
        (RunKind::Final, _) => match run.replicate {
            Some(replicate) if replicate > 1 => format!("final run {replicate}"),
            _ => "final run".to_owned(),
        },
        (RunKind::Test, _) => "test run".to_owned(),
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
    held_by(run, Hold::None)
}

/// The same where the study or pretraining of the run may be paused.
pub(crate) fn held_by(run: &Run, hold: Hold) -> &'static str {
    let now = run.paused || hold == Hold::Now;
    match (run.cancelling, run.state.is_live()) {
        (true, _) => ", to be cancelled",
        (false, _) if run.state.is_final() => "",
        (false, true) if now => ", to be paused",
        (false, true) if hold == Hold::Finish => ", no further attempt until resumed",
        (false, false) if now || hold == Hold::Finish => ", paused",
        (false, _) => "",
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

    #[test]
    fn a_run_is_held_by_itself_or_by_the_entry_that_it_belongs_to() {
        let mut run = fixtures::trial(3, "running", None);
        assert_eq!([held(&run), held_by(&run, Hold::Now)], ["", ", to be paused"]);
        run.state = RunState::Waiting;
        assert_eq!([held(&run), held_by(&run, Hold::Finish)], ["", ", paused"]);
        run.paused = true;
        assert_eq!(held(&run), ", paused");
        run.state = RunState::Completed;
        assert_eq!(held_by(&run, Hold::Now), "", "what has ended is not held");
        (run.state, run.cancelling) = (RunState::Running, true);
        assert_eq!(held_by(&run, Hold::Now), ", to be cancelled");
    }
}
