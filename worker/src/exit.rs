//! What a trainer's end means: a result, or a failure with its class and a sentence. Pure.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use nix::sys::signal::Signal;
use pedigree_protocol::run::{Failure, FailureCause};
use pedigree_trainer_core::{ExitReason, TrainSummary};

/// The last lines of a log that a failure's sentence quotes.
const QUOTED_LINES: usize = 8;

/// What a trainer said of its end before it ended.
#[derive(Debug, Default)]
pub(crate) struct LastWords {
    pub(crate) summary: Option<TrainSummary>,
    pub(crate) failure: Option<String>,
}

/// Judges a trainer's end by its exit status first: what it said counts only where that agrees.
pub(crate) fn judge(status: ExitStatus, words: LastWords, log: &str) -> Result<TrainSummary, Failure> {
    if let Some(signal) = status.signal() {
        return Err(crashed(&signal_sentence(signal), log));
    }
    match (reason(status), words) {
        (Some(ExitReason::Done), LastWords { summary: Some(summary), .. }) => Ok(summary),
        (Some(ExitReason::Done), _) => Err(crashed("the trainer ended without a result", log)),
        (Some(ExitReason::Interrupted), _) => Err(crashed("the trainer was interrupted from outside", log)),
        (Some(reason), LastWords { failure: Some(message), .. }) => {
            Err(Failure { cause: cause(reason), message })
        }
        (Some(reason), _) => Err(Failure { cause: cause(reason), ..crashed(silent_sentence(reason), log) }),
        (None, _) => Err(crashed(&format!("the trainer ended with {status}, which is no code of it"), log)),
    }
}

fn reason(status: ExitStatus) -> Option<ExitReason> {
    use ExitReason::{Diverged, Done, Error, Interrupted, InvalidInput, InvalidJob, OutOfMemory};
    [Done, Error, InvalidJob, InvalidInput, Diverged, OutOfMemory, Interrupted]
        .into_iter()
        .find(|reason| Some(i32::from(reason.code())) == status.code())
}

const fn cause(reason: ExitReason) -> FailureCause {
    match reason {
        ExitReason::InvalidJob | ExitReason::InvalidInput => FailureCause::InvalidInput,
        ExitReason::Diverged => FailureCause::Diverged,
        ExitReason::OutOfMemory => FailureCause::Oom,
        ExitReason::Done | ExitReason::Error | ExitReason::Interrupted => FailureCause::Crashed,
    }
}

const fn silent_sentence(reason: ExitReason) -> &'static str {
    match reason {
        ExitReason::InvalidJob => "the trainer refused its job file",
        ExitReason::InvalidInput => "the trainer refused the corpus or the backbone",
        ExitReason::Diverged => "loss or gradient became NaN or infinite",
        ExitReason::OutOfMemory => "memory ran out",
        ExitReason::Done | ExitReason::Error | ExitReason::Interrupted => "the trainer failed",
    }
}

fn signal_sentence(signal: i32) -> String {
    let name = Signal::try_from(signal).map_or_else(|_| signal.to_string(), |signal| signal.to_string());
    if signal == Signal::SIGKILL as i32 {
        return format!(
            "the trainer was killed by {name}; when nobody did it by hand, the kernel's out-of-memory killer did \
             (`dmesg` tells)"
        );
    }
    format!("the trainer was ended by {name}")
}

fn crashed(sentence: &str, log: &str) -> Failure {
    let lines: Vec<&str> = log.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = &lines[lines.len().saturating_sub(QUOTED_LINES)..];
    let message = match last {
        [] => sentence.to_owned(),
        last => format!("{sentence}; its log ends:\n{}", last.join("\n")),
    };
    Failure { cause: FailureCause::Crashed, message }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exited(code: i32) -> ExitStatus {
        ExitStatus::from_raw(code << 8)
    }

    fn failure(status: ExitStatus, said: Option<&str>, log: &str) -> Failure {
        let words = LastWords { summary: None, failure: said.map(Into::into) };
        judge(status, words, log).unwrap_err()
    }

    #[test]
    fn each_code_has_its_class() {
        let expected = [
            (ExitReason::Done, FailureCause::Crashed),
            (ExitReason::Error, FailureCause::Crashed),
            (ExitReason::InvalidJob, FailureCause::InvalidInput),
            (ExitReason::InvalidInput, FailureCause::InvalidInput),
            (ExitReason::Diverged, FailureCause::Diverged),
            (ExitReason::OutOfMemory, FailureCause::Oom),
            (ExitReason::Interrupted, FailureCause::Crashed),
        ];
        for (reason, cause) in expected {
            assert_eq!(failure(exited(reason.code().into()), None, "").cause, cause, "{reason:?}");
        }
        assert_eq!(failure(exited(101), None, "").cause, FailureCause::Crashed);
    }

    #[test]
    fn the_trainers_own_sentence_is_kept() {
        let said = failure(exited(3), Some("train.conll:7: no tag"), "noise");
        assert_eq!(said.message, "train.conll:7: no tag");
    }

    #[test]
    fn a_crash_quotes_the_end_of_the_log() {
        let log: String = (1..=20).map(|line| format!("line {line}\n\n")).collect();
        let message = failure(exited(101), None, &log).message;
        assert!(message.ends_with("line 20") && message.contains("line 13\n"), "{message}");
        assert!(!message.contains("line 12\n"), "{message}");
    }

    #[test]
    fn sigkill_points_at_the_kernel() {
        let killed = failure(ExitStatus::from_raw(9), None, "");
        assert_eq!(killed.cause, FailureCause::Crashed);
        assert!(
            killed.message.contains("SIGKILL") && killed.message.contains("out-of-memory"),
            "{}",
            killed.message
        );
        assert!(failure(ExitStatus::from_raw(6), None, "").message.contains("SIGABRT"));
    }
}
