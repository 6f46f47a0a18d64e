//! Lines of a trainer's log that show the cause of a failure. Pure.
//!
//! Owns the patterns. The exit code comes first (`exit`); `gpu::fault` knows what an XID means.

use pedigree_protocol::run::FailureCause;

use crate::gpu::fault::{Severity, xid_in_line};

/// The longest line that is kept as evidence, characters.
const LONGEST: usize = 300;

/// Errors of the GPU or its driver; not those that a program causes itself (an illegal address, a failed launch).
const DEVICE: [&str; 12] = [
    "uncorrectable ecc",
    "cuda_error_ecc_uncorrectable",
    "cuda_error_nvlink_uncorrectable",
    "cuda_error_hardware_stack_error",
    "cuda_error_no_device",
    "cuda_error_device_unavailable",
    "cuda_error_system_not_ready",
    "cuda_error_not_initialized",
    "fallen off the bus",
    "gpu is lost",
    "unable to determine the device handle",
    "nvml_error_gpu_is_lost",
];

/// What allocators and CUDA say when memory runs out.
const MEMORY: [&str; 6] = [
    "cuda_error_out_of_memory",
    "cublas_status_alloc_failed",
    "out of memory",
    "cannot allocate memory",
    "memory allocation of ",
    "alloc failed",
];

/// Errors of the host: its disk, its permissions, its limits on files and threads, its libraries, its driver.
const HOST: [&str; 19] = [
    "no space left on device",
    "(os error 28)",
    "disk quota exceeded",
    "(os error 122)",
    "read-only file system",
    "(os error 30)",
    "(os error 5)",
    "(os error 13)",
    "(os error 11)",
    "(os error 23)",
    "(os error 24)",
    "(os error 116)",
    "(os error 117)",
    "' not found (required by",
    "symbol lookup error",
    "error while loading shared libraries",
    "cuda_error_system_driver_mismatch",
    "cuda_error_insufficient_driver",
    "driver/library version mismatch",
];

/// A line and what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sign {
    pub(crate) cause: FailureCause,
    pub(crate) line: String,
}

/// The first sign of a failed device in `log`; else the first sign in `end`, its last lines, that the host is at fault or that
/// memory ran out. Earlier lines do not count for these: a trainer may go on after them.
pub(crate) fn find(log: &str, end: &str) -> Option<Sign> {
    let device = || first(log, is_of_device).map(|line| Sign { cause: FailureCause::Device, line });
    let memory = || first(end, |line| has(line, &MEMORY)).map(|line| Sign { cause: FailureCause::Oom, line });
    let host = || first(end, |line| has(line, &HOST)).map(|line| Sign { cause: FailureCause::Host, line });
    device().or_else(host).or_else(memory)
}

fn is_of_device(line: &str) -> bool {
    match xid_in_line(line) {
        Some(xid) => xid.severity() > Severity::Program,
        None => has(line, &DEVICE),
    }
}

fn has(line: &str, patterns: &[&str]) -> bool {
    let line = line.to_lowercase();
    patterns.iter().any(|pattern| line.contains(pattern))
}

fn first(text: &str, is_sign: impl Fn(&str) -> bool) -> Option<String> {
    let line = text.lines().find(|line| is_sign(line))?;
    Some(line.trim().chars().take(LONGEST).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cause(log: &str) -> Option<FailureCause> {
        find(log, log).map(|sign| sign.cause)
    }

    #[test]
    fn lines_as_they_are_seen_have_their_causes() {
        let seen = [
            (
                "[ 12.3] NVRM: Xid (PCI:0000:3b:00): 79, pid=1, GPU has fallen off the bus.",
                FailureCause::Device,
            ),
            (
                "DriverError(CUDA_ERROR_NO_DEVICE, \"no CUDA-capable device is detected\")",
                FailureCause::Device,
            ),
            ("Error: Uncorrectable ECC error encountered", FailureCause::Device),
            ("DriverError(CUDA_ERROR_OUT_OF_MEMORY, \"out of memory\")", FailureCause::Oom),
            ("CublasError(CUBLAS_STATUS_ALLOC_FAILED)", FailureCause::Oom),
            ("memory allocation of 536870912 bytes failed", FailureCause::Oom),
            ("cannot write out/log: No space left on device (os error 28)", FailureCause::Host),
            ("DriverError(CUDA_ERROR_SYSTEM_DRIVER_MISMATCH, ..)", FailureCause::Host),
            ("train.conll: cannot be read: Too many open files (os error 24)", FailureCause::Host),
            ("failed to spawn thread: Resource temporarily unavailable (os error 11)", FailureCause::Host),
            ("config.json: cannot be read: Stale file handle (os error 116)", FailureCause::Host),
            (
                "pedigree: libc.so.6: version `GLIBC_2.39' not found (required by pedigree)",
                FailureCause::Host,
            ),
            ("pedigree: symbol lookup error: undefined symbol: cublasLtCreate", FailureCause::Host),
            ("Cannot allocate memory (os error 12)", FailureCause::Oom),
        ];
        for (line, expected) in seen {
            assert_eq!(cause(line), Some(expected), "{line}");
        }
        for line in [
            "",
            "DriverError(CUDA_ERROR_ILLEGAL_ADDRESS, ..)",
            "epoch 3 dev_f1 0.8",
            "NVRM: Xid (PCI:0000:3b:00): 31, pid=1, MMU Fault",
        ] {
            assert_eq!(cause(line), None, "{line}");
        }
    }

    #[test]
    fn a_failed_device_comes_first_and_memory_counts_only_at_the_end() {
        let log = "out of memory: half the batch\nepoch 1\nuncorrectable ECC error";
        assert_eq!(cause(log), Some(FailureCause::Device));
        assert_eq!(find("out of memory: half the batch\nepoch 1", "epoch 1"), None);
    }

    #[test]
    fn a_long_line_is_cut() {
        let line = format!("out of memory {}", "ä".repeat(1000));
        assert_eq!(find(&line, &line).unwrap().line.chars().count(), LONGEST);
    }
}
