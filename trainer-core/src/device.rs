//! From the device that a job names to the one that computes.

use candle_core::{DType, Device};

use crate::model::Compute;
use crate::{DeviceChoice, Precision, Setup, TrainError};

/// Opens the device of a job.
///
/// # Errors
/// See [`open`].
pub(crate) fn of_job(setup: &Setup) -> Result<Compute, TrainError> {
    open(setup.device, setup.precision, setup.gradient_checkpointing)
}

/// Opens a device.
///
/// # Errors
/// A device that is not part of this build or is not there, or a precision in which it does not compute.
pub(crate) fn open(
    choice: DeviceChoice,
    precision: Precision,
    recompute: bool,
) -> Result<Compute, TrainError> {
    match choice {
        DeviceChoice::Cpu if matches!(precision, Precision::Auto | Precision::F32) => {
            Ok(Compute { recompute, ..Compute::cpu() })
        }
        DeviceChoice::Cpu => Err(TrainError::Device(
            "precision: the CPU computes in f32; leave precision out, or set \"device\": \"cuda\"".into(),
        )),
        DeviceChoice::Cuda if !choice.is_built() => Err(TrainError::Device(
            "device cuda: this build computes on the CPU only; set \"device\": \"cpu\", or build with `make cuda`".into(),
        )),
        DeviceChoice::Cuda => {
            let device = Device::new_cuda(0).map_err(|error| {
                let cause = error.to_string();
                let cause = cause.lines().next().unwrap_or_default();
                TrainError::NoDevice(format!("device cuda: no GPU can be used here ({cause})"))
            })?;
            let dtype = match precision {
                Precision::Auto | Precision::Bf16 => DType::BF16,
                Precision::Fp16 => DType::F16,
                Precision::F32 => DType::F32,
            };
            Ok(Compute { device, dtype, recompute })
        }
    }
}
