//! What a trainer's end means: a result, or a failure with its class and a sentence. Pure.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use nix::sys::signal::Signal;
use pedigree_protocol::lease::AttemptEnd;
use pedigree_protocol::run::{Failure, FailureCause};
use pedigree_trainer_core::ExitReason;

use crate::sign;

/// The last lines of a log that a failure's sentence quotes.
const QUOTED_LINES: usize = 8;

/// What a trainer said about its end before it ended.
#[derive(Debug, Default)]
pub(crate) struct LastWords {
    /// Its result, as the attempt's end.
    pub(crate) result: Option<AttemptEnd>,
    pub(crate) failure: Option<String>,
}

/// What a trainer's end means.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// The attempt ends too, in this way.
    Ended(AttemptEnd),
    /// The trainer refuses the checkpoint that it was given, for this reason.
    CheckpointRefused(String),
}

/// A failure of no class of its own.
pub(crate) fn crashed(message: String) -> Failure {
    Failure::new(FailureCause::Crashed, message)
}

/// A failure of this host, which costs the run nothing.
pub(crate) fn by_host(message: String) -> Failure {
    Failure::new(FailureCause::Host, message)
}

/// Judges a trainer's end by its exit status first: what it said counts only where that agrees, and its log only where
/// neither names a class. `killed_by_kernel`: the kernel's out-of-memory killer was at work meanwhile.
pub(crate) fn judge(status: ExitStatus, words: LastWords, log: &str, killed_by_kernel: bool) -> Verdict {
    let failed = |failure| Verdict::Ended(AttemptEnd::Failed { failure });
    let unclassed = |sentence: &str| failed(by_log(sentence, log, &status.to_string()));
    if let Some(signal) = status.signal() {
        return failed(by_signal(signal, log, killed_by_kernel));
    }
    match (reason(status), words) {
        (Some(ExitReason::Done), LastWords { result: Some(end), .. }) => Verdict::Ended(end),
        (Some(ExitReason::Done), _) => unclassed("the trainer ended without a result"),
        // Somebody else told it to stop, and it kept its progress: not the run's fault.
        (Some(ExitReason::Interrupted), _) => Verdict::Ended(AttemptEnd::Released),
        (Some(ExitReason::InvalidCheckpoint), words) => {
            let silent = || silent_sentence(ExitReason::InvalidCheckpoint).to_owned();
            Verdict::CheckpointRefused(words.failure.unwrap_or_else(silent))
        }
        (Some(reason), words) => failed(by_reason(reason, words.failure, log, status)),
        (None, _) => unclassed(&format!("the trainer ended with {status}, which is none of its exit codes")),
    }
}

/// The failure of a trainer that was ended because its GPU had failed.
pub(crate) fn by_gpu(fault: String) -> Failure {
    let message = format!("the GPU failed while the trainer ran: {fault}");
    Failure { cause: FailureCause::Device, message, evidence: Some(fault) }
}

/// A trainer that died while its GPU failed did not fail by itself. What NVML told says more than the trainer's log.
pub(crate) fn blame(failure: Failure, fault: String) -> Failure {
    let evidence = match failure.cause {
        FailureCause::Crashed => fault,
        FailureCause::Device => match failure.evidence {
            Some(line) if line != fault => format!("{fault}; {line}"),
            _ => fault,
        },
        _ => return failure,
    };
    Failure { cause: FailureCause::Device, evidence: Some(evidence), ..failure }
}

/// A failure that the trainer's exit code names, or one of no class of its own (code 1).
fn by_reason(reason: ExitReason, said: Option<String>, log: &str, status: ExitStatus) -> Failure {
    let class = cause(reason);
    let said_sign = said.as_deref().and_then(|message| sign::find(message, message));
    let read = said_sign.or_else(|| sign::find(log, &last_lines(log)));
    let (cause, evidence) = match read {
        Some(sign) if class == FailureCause::Crashed => (sign.cause, sign.line),
        // The worker has put the file there: that it cannot be read says nothing about its content.
        Some(sign) if class == FailureCause::InvalidInput && sign.cause == FailureCause::Host => {
            (sign.cause, sign.line)
        }
        _ => (class, status.to_string()),
    };
    let message = said.unwrap_or_else(|| quoting(silent_sentence(reason), log));
    Failure { cause, message, evidence: Some(evidence) }
}

fn by_signal(signal: i32, log: &str, killed_by_kernel: bool) -> Failure {
    let sentence = signal_sentence(signal);
    if signal == Signal::SIGKILL as i32 && killed_by_kernel {
        let message = quoting("the kernel's out-of-memory killer ended the trainer", log);
        let evidence = format!("{}, and the kernel counted an out-of-memory kill", signal_name(signal));
        return Failure { cause: FailureCause::Oom, message, evidence: Some(evidence) };
    }
    by_log(&sentence, log, &signal_name(signal))
}

/// A failure whose class only the log can show; `otherwise` is its evidence where the log shows none.
fn by_log(sentence: &str, log: &str, otherwise: &str) -> Failure {
    let message = quoting(sentence, log);
    match sign::find(log, &last_lines(log)) {
        Some(sign) => Failure { cause: sign.cause, message, evidence: Some(sign.line) },
        None => Failure { cause: FailureCause::Crashed, message, evidence: Some(otherwise.to_owned()) },
    }
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
        ExitReason::InvalidJob => FailureCause::InvalidJob,
        ExitReason::InvalidInput => FailureCause::InvalidInput,
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
    let name = signal_name(signal);
    if signal == Signal::SIGKILL as i32 {
        return format!(
            "the trainer was killed by {name}; unless somebody killed it by hand, the kernel's out-of-memory killer \
             did; see `dmesg`"
        );
    }
    format!("the trainer was ended by {name}")
}

fn signal_name(signal: i32) -> String {
    Signal::try_from(signal).map_or_else(|_| format!("signal {signal}"), |signal| signal.to_string())
}

fn quoting(sentence: &str, log: &str) -> String {
    match last_lines(log) {
        lines if lines.is_empty() => sentence.to_owned(),
        lines => format!("{sentence}; its log ends:\n{lines}"),
    }
}

fn last_lines(log: &str) -> String {
    let lines: Vec<&str> = log.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(QUOTED_LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exited(code: i32) -> ExitStatus {
        ExitStatus::from_raw(code << 8)
    }

    fn failure(status: ExitStatus, said: Option<&str>, log: &str) -> Failure {
        let words = LastWords { result: None, failure: said.map(Into::into) };
        failed(judge(status, words, log, false))
    }

    fn failed(verdict: Verdict) -> Failure {
        match verdict {
            Verdict::Ended(AttemptEnd::Failed { failure }) => failure,
            other => panic!("no failure: {other:?}"),
        }
    }

    #[test]
    fn each_code_has_its_class() {
        let expected = [
            (ExitReason::Done, FailureCause::Crashed),
            (ExitReason::Error, FailureCause::Crashed),
            (ExitReason::InvalidJob, FailureCause::InvalidJob),
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
        assert!(matches!(told, Verdict::Ended(AttemptEnd::Released)), "{told:?}");
        let words = LastWords { result: None, failure: Some("of another job".into()) };
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
        assert_eq!(known.evidence.as_deref(), Some("SIGKILL, and the kernel counted an out-of-memory kill"));
        let unallocated = failure(ExitStatus::from_raw(6), None, "memory allocation of 9 bytes failed");
        assert_eq!(unallocated.cause, FailureCause::Oom);
    }

    #[test]
    fn what_nvml_told_of_the_gpu_comes_before_what_the_log_says() {
        let fault = || "XID 48 (double-bit ECC error) on GPU-1".to_owned();
        let by_log = |log: &str| blame(failure(exited(101), None, log), fault());
        assert_eq!(by_log("epoch 1").cause, FailureCause::Device);
        assert_eq!(by_log("epoch 1").evidence, Some(fault()));
        assert_eq!(by_log("GPU is lost").evidence, Some(fault() + "; GPU is lost"));
        assert_eq!(blame(by_gpu(fault()), fault()), by_gpu(fault()));
        let diverged = failure(exited(4), Some("loss is NaN"), "");
        assert_eq!(blame(diverged.clone(), fault()), diverged, "the trainer's own class stays");
    }

    #[test]
    fn a_disk_that_is_full_or_fails_is_the_hosts_fault_whatever_the_trainer_made_of_it() {
        for (code, said) in [
            (1, "out/adapter: No space left on device (os error 28)"),
            (3, "cannot read train.conll: Input/output error (os error 5)"),
            (3, "cannot read config.json: Permission denied (os error 13)"),
        ] {
            let failure = failure(exited(code), Some(said), "");
            assert_eq!((failure.cause, failure.message.as_str()), (FailureCause::Host, said));
        }
        let unloaded = "pedigree: error while loading shared libraries: libcublas.so.12: cannot open";
        assert_eq!(failure(exited(127), None, unloaded).cause, FailureCause::Host);
        let missing = failure(exited(3), Some("cannot read tokenizer.json: No such file (os error 2)"), "");
        assert_eq!(missing.cause, FailureCause::InvalidInput, "the backbone lacks it on every host");
        let earlier = "a checkpoint was not kept: No space left on device (os error 28)\nepoch 2\n"
            .to_owned()
            + &"line\n".repeat(QUOTED_LINES);
        assert_eq!(failure(exited(101), None, &earlier).cause, FailureCause::Crashed);
    }

    #[test]
    fn a_gpu_that_failed_is_told_from_a_trainer_that_did() {
        let ecc = "DriverError(CUDA_ERROR_ECC_UNCORRECTABLE, \"uncorrectable ECC error encountered\")";
        let said = failure(exited(1), Some(ecc), "epoch 1");
        assert_eq!((said.cause, said.evidence.as_deref()), (FailureCause::Device, Some(ecc)));
        let log = format!("epoch 1\n  {ecc}  \nthread 'main' panicked");
        for status in [exited(101), exited(1), ExitStatus::from_raw(6)] {
            let read = failure(status, None, &log);
            assert_eq!((read.cause, read.evidence.as_deref()), (FailureCause::Device, Some(ecc)), "{status}");
        }
        let named = failure(exited(4), Some("loss is NaN"), &log);
        assert_eq!(named.cause, FailureCause::Diverged, "the exit code comes first");
        assert_eq!(named.evidence.as_deref(), Some("exit status: 4"));
        assert_eq!(failure(exited(101), None, "line").evidence.as_deref(), Some("exit status: 101"));
    }
}
