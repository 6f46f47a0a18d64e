//! Why a worker cannot start or go on. An absent coordinator is not among the reasons: it is waited for.

use std::path::PathBuf;

use crate::gpu::{GpuFault, WrongGpus};
use crate::retry::RequestError;

/// Why a worker cannot start, or had to end.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// Neither a GPU nor a CPU slot.
    #[error(
        "no GPU to offer ({why}); give `--cpu-slots N` to train on the CPU, or make a GPU usable here (`pedigree doctor` looks \
         at them)"
    )]
    NoDevice {
        /// Why there is no GPU.
        why: String,
    },
    /// There are GPUs, and a trainer that cannot use them.
    #[error(
        "this host has {gpus}, but the trainer of this build computes on the CPU only; start a worker that was built by \
         `make cuda`, or give `--cpu-slots N` to train on the CPU"
    )]
    CpuOnly {
        /// The GPUs, by name.
        gpus: String,
    },
    /// The NVML library that was named, or the driver behind it, does not work.
    #[error(
        "the GPUs of this host cannot be listed; check the driver with `nvidia-smi`, and the NVML library's path"
    )]
    Gpu(#[from] GpuFault),
    /// `--gpus` names what cannot be offered.
    #[error(transparent)]
    WrongGpus(#[from] WrongGpus),
    /// The trainer's command is empty.
    #[error("the trainer's command is empty; give a program, such as [\"pedigree\"]")]
    NoTrainer,
    /// The folder cannot be used.
    #[error("the worker's folder {} cannot be used; give one that this user may write to", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Another worker holds the folder.
    #[error("another worker uses the folder {}; give each worker a folder of its own", path.display())]
    FolderInUse {
        /// The folder.
        path: PathBuf,
    },
    /// The coordinator is there and does not want this worker.
    #[error("the coordinator at {server} refuses this worker")]
    Refused {
        /// The coordinator's address.
        server: String,
        /// Why.
        #[source]
        source: RequestError,
    },
    /// The coordinator does not take the token.
    #[error(
        "the coordinator at {server} does not take this worker's token; make one (`pedigree token create NAME --role worker`) \
         and start the worker again with it in PEDIGREE_TOKEN: what is still to be told waits in the worker's folder"
    )]
    TokenRefused {
        /// The coordinator's address.
        server: String,
        /// Its sentence.
        #[source]
        source: RequestError,
    },
    /// A defect: the task of a device ended by a panic.
    #[error("the task of a device died; this is a defect of the worker")]
    SlotDied(#[source] tokio::task::JoinError),
}

impl WorkerError {
    /// The exit code of a worker that ends so; a supervisor need not start it again after one of its own.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::NoDevice { .. } | Self::CpuOnly { .. } | Self::WrongGpus(_) => Self::NOTHING_TO_OFFER,
            Self::TokenRefused { .. } => Self::TOKEN_NOT_TAKEN,
            _ => 1,
        }
    }

    /// The coordinator does not take the worker's token (`EX_NOPERM`).
    pub const TOKEN_NOT_TAKEN: u8 = 77;

    /// There is no device to offer (`EX_UNAVAILABLE`).
    pub const NOTHING_TO_OFFER: u8 = 69;
}

/// An error with its causes, in one sentence.
pub(crate) fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        text = format!("{text}: {source}");
        cause = source.source();
    }
    text
}
