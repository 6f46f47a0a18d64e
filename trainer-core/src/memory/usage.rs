//! Memory in use.

/// Highest resident set size so far in bytes: `VmHWM` of `/proc/self/status` (proc_pid_status(5)). 0 where the kernel
/// does not say.
pub(crate) fn peak_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kibibytes = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.trim().strip_suffix("kB"))
        .and_then(|number| number.trim().parse::<u64>().ok());
    kibibytes.unwrap_or(0) * 1024
}

/// Memory of a device, bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DeviceMemory {
    /// In use, by any process.
    pub(crate) used: u64,
    pub(crate) total: u64,
}

/// Memory of a CUDA device; `None` for another device, or where the driver does not say.
pub(crate) fn device_memory(device: &candle_core::Device) -> Option<DeviceMemory> {
    #[cfg(feature = "cuda")]
    if let candle_core::Device::Cuda(device) = device {
        let (free, total) = device.cuda_stream().context().mem_get_info().ok()?;
        return Some(DeviceMemory { used: (total - free) as u64, total: total as u64 });
    }
    let _ = device;
    None
}

#[cfg(test)]
mod tests {
    #[test]
    #[cfg(target_os = "linux")]
    fn is_plausible() {
        let bytes = super::peak_bytes();
        assert!((1 << 20..1 << 40).contains(&bytes), "{bytes}");
    }
}
