//! The faults of a GPU, and how grave each is. Pure.
//!
//! Owns the meaning of XIDs, the numbers by which NVIDIA's driver reports errors. The classes are NVIDIA's own (its "XID
//! Errors" document, and the errors that its Kubernetes device plugin leaves to the application).

use std::fmt;

/// A fault that NVML told of a GPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The driver reported an error with this number.
    Xid(u64),
    /// Two bits of its memory flipped at once.
    DoubleBitEcc,
    /// So many more memory errors were counted that could not be corrected.
    Uncorrected(u64),
    /// It fell off the bus, or does not answer for another reason.
    Lost,
    /// Its driver says that nothing can be done on it before it is reset.
    ResetRequired,
}

/// How grave a fault is, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    /// Not the device's fault: programs cause it too.
    Program,
    /// If a trainer dies meanwhile, the device is blamed.
    Suspect,
    /// Nothing can be computed on it until it has been reset.
    Unfit,
}

/// Errors that NVIDIA counts among the application's.
const PROGRAM: [u64; 6] = [13, 31, 43, 45, 68, 109];
/// Errors after which the GPU has to be reset.
const UNFIT: [u64; 8] = [48, 62, 64, 79, 95, 119, 120, 140];

impl Fault {
    /// How grave it is.
    pub(crate) fn severity(self) -> Severity {
        match self {
            Self::Xid(number) if PROGRAM.contains(&number) => Severity::Program,
            Self::Xid(number) if UNFIT.contains(&number) => Severity::Unfit,
            Self::Xid(_) | Self::Uncorrected(_) => Severity::Suspect,
            Self::DoubleBitEcc | Self::Lost | Self::ResetRequired => Severity::Unfit,
        }
    }

    /// The driver's number, where it gave one.
    pub(crate) const fn xid(self) -> Option<u64> {
        match self {
            Self::Xid(number) => Some(number),
            Self::DoubleBitEcc | Self::Uncorrected(_) | Self::Lost | Self::ResetRequired => None,
        }
    }
}

/// The XID that a line of the kernel's log tells, as in `NVRM: Xid (PCI:0000:3b:00): 79, pid=1, ...`.
pub(crate) fn xid_in_line(line: &str) -> Option<Fault> {
    let line = line.to_lowercase();
    let (_, after) = line.split_once("nvrm: xid")?;
    let number = after.split_once("): ").map_or(after, |(_, rest)| rest);
    let digits: String = number.trim_start().chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok().map(Fault::Xid)
}

const fn meaning(xid: u64) -> &'static str {
    match xid {
        13 => "graphics engine exception",
        31 => "memory page fault",
        43 => "a channel of the program was reset",
        45 => "the work of a program was cleaned up",
        48 => "double-bit ECC error",
        61 | 62 => "the GPU's micro-controller halted",
        63 => "a faulty row or page of the memory was retired",
        64 => "a faulty row or page of the memory could not be retired",
        68 => "video processor exception",
        74 => "NVLink error",
        79 => "the GPU has fallen off the bus",
        92 => "many single-bit ECC errors",
        94 => "contained ECC error",
        95 => "uncontained ECC error",
        109 => "context switch time-out",
        119 | 120 => "the GPU's system processor does not answer",
        140 => "unrecovered ECC error",
        _ => "see NVIDIA's list of XID errors",
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Xid(number) => write!(f, "XID {number} ({})", meaning(*number)),
            Self::DoubleBitEcc => f.write_str("double-bit ECC error"),
            Self::Uncorrected(count) => write!(f, "{count} uncorrectable ECC errors"),
            Self::Lost => f.write_str("the GPU is lost"),
            Self::ResetRequired => f.write_str("the driver requires a reset of the GPU"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_programs_errors_are_told_from_the_devices() {
        for (xid, severity) in [
            (13, Severity::Program),
            (31, Severity::Program),
            (45, Severity::Program),
            (63, Severity::Suspect),
            (94, Severity::Suspect),
            (999, Severity::Suspect),
            (48, Severity::Unfit),
            (79, Severity::Unfit),
            (119, Severity::Unfit),
        ] {
            assert_eq!(Fault::Xid(xid).severity(), severity, "{xid}");
        }
        assert!(Fault::Lost.severity() > Fault::Uncorrected(1).severity());
    }

    #[test]
    fn a_fault_is_told_by_number_and_words() {
        assert_eq!(Fault::Xid(79).to_string(), "XID 79 (the GPU has fallen off the bus)");
        assert_eq!(Fault::Xid(7).to_string(), "XID 7 (see NVIDIA's list of XID errors)");
        assert_eq!(Fault::Uncorrected(3).to_string(), "3 uncorrectable ECC errors");
    }

    #[test]
    fn the_kernels_lines_are_read() {
        let read = |line| xid_in_line(line);
        assert_eq!(read("[ 1.2] NVRM: Xid (PCI:0000:3b:00): 79, pid=1, GPU has"), Some(Fault::Xid(79)));
        assert_eq!(read("NVRM: Xid (0000:03:00): 13, 0001 00000000"), Some(Fault::Xid(13)));
        assert_eq!(read("NVRM: Xid"), None);
        assert_eq!(read("epoch 3"), None);
    }
}
