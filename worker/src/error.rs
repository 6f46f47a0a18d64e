//! Why a worker cannot start or go on. An absent coordinator is not among the reasons: it is waited for.

use std::path::PathBuf;

use crate::gpu::GpuFault;
use crate::retry::RequestError;

/// Why a worker cannot start, or had to end.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// Neither a GPU nor a CPU slot.
    #[error(
        "no GPU to offer ({why}); give `--cpu-slots N` to train on the CPU, or install NVIDIA's driver on this host"
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
    /// A defect: the task of a device ended by a panic.
    #[error("the task of a device died; this is a defect of the worker")]
    SlotDied(#[source] tokio::task::JoinError),
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
