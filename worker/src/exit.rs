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

/// What a trainer's end means.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// It is done.
    Completed(Box<TrainSummary>),
    /// It failed.
    Failed(Failure),
    /// Somebody told it to stop, and it kept its progress: not the run's fault.
    Interrupted,
    /// It does not take up the checkpoint that it was given.
    CheckpointRefused(String),
}

/// Judges a trainer's end by its exit status first: what it said counts only where that agrees. `killed_by_kernel`:
/// the kernel's out-of-memory killer was at work meanwhile.
pub(crate) fn judge(status: ExitStatus, words: LastWords, log: &str, killed_by_kernel: bool) -> Verdict {
    if let Some(signal) = status.signal() {
        return Verdict::Failed(by_signal(signal, log, killed_by_kernel));
    }
    let failed = |sentence: &str| Verdict::Failed(crashed(sentence, log));
    match (reason(status), words) {
        (Some(ExitReason::Done), LastWords { summary: Some(summary), .. }) => {
            Verdict::Completed(Box::new(summary))
        }
        (Some(ExitReason::Done), _) => failed("the trainer ended without a result"),
        (Some(ExitReason::Interrupted), _) => Verdict::Interrupted,
        (Some(ExitReason::InvalidCheckpoint), words) => {
            let silent = || silent_sentence(ExitReason::InvalidCheckpoint).to_owned();
            Verdict::CheckpointRefused(words.failure.unwrap_or_else(silent))
        }
        (Some(reason), LastWords { failure: Some(message), .. }) => {
            Verdict::Failed(Failure { cause: cause(reason), message })
        }
        (Some(reason), _) => {
            Verdict::Failed(Failure { cause: cause(reason), ..crashed(silent_sentence(reason), log) })
        }
        (None, _) => failed(&format!("the trainer ended with {status}, which is no code of it")),
    }
}

/// What Rust's allocator says before it aborts.
const ALLOCATION_FAILED: &str = "memory allocation of ";

fn by_signal(signal: i32, log: &str, killed_by_kernel: bool) -> Failure {
    let oom = |sentence: &str| Failure { cause: FailureCause::Oom, ..crashed(sentence, log) };
    if signal == Signal::SIGKILL as i32 && killed_by_kernel {
        return oom("the kernel's out-of-memory killer ended the trainer");
    }
    if signal == Signal::SIGABRT as i32 && log.contains(ALLOCATION_FAILED) {
        return oom("the trainer could get no more memory");
    }
    crashed(&signal_sentence(signal), log)
}

fn reason(status: ExitStatus) -> Option<ExitReason> {
    use ExitReason::{
        Diverged, Done, Error, Interrupted, InvalidCheckpoint, InvalidInput, InvalidJob, OutOfMemory,
    };
    [Done, Error, InvalidJob, InvalidInput, Diverged, OutOfMemory, Interrupted, InvalidCheckpoint]
        .into_iter()
        .find(|reason| Some(i32::from(reason.code())) == status.code())
}

const fn cause(reason: ExitReason) -> FailureCause {
    match reason {
        ExitReason::InvalidJob | ExitReason::InvalidInput => FailureCause::InvalidInput,
        ExitReason::Diverged => FailureCause::Diverged,
        ExitReason::OutOfMemory => FailureCause::Oom,
        ExitReason::Done | ExitReason::Error | ExitReason::Interrupted | ExitReason::InvalidCheckpoint => {
            FailureCause::Crashed
        }
    }
}

const fn silent_sentence(reason: ExitReason) -> &'static str {
    match reason {
        ExitReason::InvalidJob => "the trainer refused its job file",
        ExitReason::InvalidInput => "the trainer refused the corpus or the backbone",
        ExitReason::Diverged => "loss or gradient became NaN or infinite",
        ExitReason::OutOfMemory => "memory ran out",
        ExitReason::InvalidCheckpoint => "the trainer refused the checkpoint",
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
        failed(judge(status, words, log, false))
    }

    fn failed(verdict: Verdict) -> Failure {
        match verdict {
            Verdict::Failed(failure) => failure,
            other => panic!("no failure: {other:?}"),
        }
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
        ];
        for (reason, cause) in expected {
            assert_eq!(failure(exited(reason.code().into()), None, "").cause, cause, "{reason:?}");
        }
        assert_eq!(failure(exited(101), None, "").cause, FailureCause::Crashed);
    }

    #[test]
    fn who_was_told_to_stop_has_not_failed_and_a_refused_checkpoint_is_a_case_of_its_own() {
        let code = |reason: ExitReason| exited(reason.code().into());
        let told = judge(code(ExitReason::Interrupted), LastWords::default(), "", false);
        assert!(matches!(told, Verdict::Interrupted), "{told:?}");
        let words = LastWords { summary: None, failure: Some("of another job".into()) };
        let refused = judge(code(ExitReason::InvalidCheckpoint), words, "", false);
        assert!(
            matches!(&refused, Verdict::CheckpointRefused(why) if why == "of another job"),
            "{refused:?}"
        );
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
        let known = failed(judge(ExitStatus::from_raw(9), LastWords::default(), "", true));
        assert_eq!(known.cause, FailureCause::Oom);
        let unallocated = failure(ExitStatus::from_raw(6), None, "memory allocation of 9 bytes failed");
        assert_eq!(unallocated.cause, FailureCause::Oom);
    }
}
