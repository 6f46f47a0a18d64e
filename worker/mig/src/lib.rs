//! What NVML tells of MIG instances and nvml-wrapper leaves out: which instance an event happened to, and which
//! numbers an instance has.
//!
//! The one crate of the workspace with unsafe code, which is why it is so small: three calls of NVML through
//! nvml-wrapper-sys, on handles that nvml-wrapper keeps valid. Must not know what an event means.

use std::ffi::OsStr;
use std::fmt;
use std::path::Path;

use nvml_wrapper::bitmasks::event::EventTypes;
use nvml_wrapper::error::{NvmlError, nvml_sym, nvml_try};
use nvml_wrapper::{Device, EventSet, Nvml};
use nvml_wrapper_sys::bindings::{NvmlLib, nvmlEventData_t};

/// NVML's id for no instance.
const NO_INSTANCE: u32 = u32::MAX;
/// What nvml-wrapper loads on Linux where no other name is given.
const LIBRARY: &str = "libnvidia-ml.so.1";

/// NVML, loaded and initialised.
pub struct Library {
    nvml: Nvml,
    calls: NvmlLib,
}

/// Some kinds of events of one GPU, from when it was made on.
#[derive(Debug)]
pub struct Events<'library> {
    library: &'library Library,
    // Private: another library's set would be asked through this library's calls.
    set: EventSet<'library>,
}

/// The numbers of a MIG instance within its GPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instance {
    /// Of the GPU instance, which has memory and engines of its own.
    pub gpu: u32,
    /// Of the compute instance within it; `None` where an event is the whole GPU instance's.
    pub compute: Option<u32>,
}

/// Something that happened to a GPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// Its kind.
    pub kind: EventTypes,
    /// The XID, of an event that has one.
    pub xid: Option<u64>,
    /// The MIG instance that it hit; `None` where it hit the whole GPU, or NVML does not know.
    pub instance: Option<Instance>,
}

impl Instance {
    /// Whether a fault of `self` hits `other`.
    pub fn covers(self, other: Self) -> bool {
        let same_compute = self.compute.is_none() || other.compute.is_none() || self.compute == other.compute;
        self.gpu == other.gpu && same_compute
    }
}

impl Library {
    /// Loads NVML from a file, or the system's.
    ///
    /// # Errors
    /// NVML is not there, or does not work.
    #[expect(unsafe_code, reason = "nvml-wrapper keeps its own loaded symbols private")]
    pub fn load(file: Option<&Path>) -> Result<Self, NvmlError> {
        let name = file.map_or(OsStr::new(LIBRARY), Path::as_os_str);
        let nvml = Nvml::builder().lib_path(name).init()?;
        // SAFETY: loading runs the library's initialisers. It is loaded already, so that this only counts one user more.
        let calls = unsafe { NvmlLib::new(name) }?;
        Ok(Self { nvml, calls })
    }

    /// The safe wrapper.
    pub const fn nvml(&self) -> &Nvml {
        &self.nvml
    }

    /// The numbers of a MIG instance.
    ///
    /// # Errors
    /// The device is none, or does not answer.
    #[expect(unsafe_code, reason = "nvml-wrapper does not have these calls")]
    pub fn instance(&self, device: &Device<'_>) -> Result<Instance, NvmlError> {
        self.check(device.nvml())?;
        let gpu_instance_id = nvml_sym(self.calls.nvmlDeviceGetGpuInstanceId.as_ref())?;
        let compute_instance_id = nvml_sym(self.calls.nvmlDeviceGetComputeInstanceId.as_ref())?;
        let (mut gpu, mut compute) = (0, 0);
        // SAFETY: the handle is from this library, which is initialised as long as `self.nvml` lives; each call writes
        // one number to where it is told, which lives until after the call.
        unsafe {
            nvml_try(gpu_instance_id(device.handle(), &raw mut gpu))?;
            nvml_try(compute_instance_id(device.handle(), &raw mut compute))?;
        }
        Ok(Instance { gpu, compute: Some(compute) })
    }

    /// Listens to a GPU's events of these kinds.
    ///
    /// # Errors
    /// The device is another library's or has no such events, or NVML does not answer.
    pub fn listen<'library>(
        &'library self,
        device: &Device<'library>,
        kinds: EventTypes,
    ) -> Result<Events<'library>, NvmlError> {
        self.check(device.nvml())?;
        let set = self.nvml.create_event_set()?;
        let set = device.register_events(kinds, set).map_err(|refused| refused.error)?;
        Ok(Events { library: self, set })
    }

    /// Refuses what belongs to another loaded library: its handles mean nothing to this one.
    fn check(&self, owner: &Nvml) -> Result<(), NvmlError> {
        if std::ptr::eq(owner, &raw const self.nvml) { Ok(()) } else { Err(NvmlError::InvalidArg) }
    }
}

impl Events<'_> {
    /// Waits for an event.
    ///
    /// # Errors
    /// There was none in time, or NVML does not answer.
    #[expect(unsafe_code, reason = "nvml-wrapper's own wait drops the instance")]
    pub fn wait(&self, milliseconds: u32) -> Result<Event, NvmlError> {
        let wait = nvml_sym(self.library.calls.nvmlEventSetWait_v2.as_ref())?;
        let mut told = nvmlEventData_t {
            device: std::ptr::null_mut(),
            eventType: 0,
            eventData: 0,
            gpuInstanceId: NO_INSTANCE,
            computeInstanceId: NO_INSTANCE,
        };
        // SAFETY: `listen` made the set with this library, which is initialised while it is borrowed here, and the set
        // is freed only with `self`; the call writes one event to where it is told, which lives until after the call.
        // The device in it is not used.
        unsafe { nvml_try(wait(self.set.handle(), &raw mut told, milliseconds))? };
        Ok(event(&told))
    }
}

impl fmt::Debug for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Library").field("nvml", &self.nvml).finish_non_exhaustive()
    }
}

fn event(told: &nvmlEventData_t) -> Event {
    let kind = EventTypes::from_bits_truncate(told.eventType);
    let named = |number: u32| (number != NO_INSTANCE).then_some(number);
    Event {
        kind,
        xid: kind.contains(EventTypes::CRITICAL_XID_ERROR).then_some(told.eventData),
        instance: named(told.gpuInstanceId)
            .map(|gpu| Instance { gpu, compute: named(told.computeInstanceId) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn told(kind: u64, gpu: u32, compute: u32) -> nvmlEventData_t {
        nvmlEventData_t {
            device: std::ptr::null_mut(),
            eventType: kind,
            eventData: 94,
            gpuInstanceId: gpu,
            computeInstanceId: compute,
        }
    }

    #[test]
    fn an_event_names_the_instance_that_it_hit_if_any() {
        let xid = EventTypes::CRITICAL_XID_ERROR.bits();
        let whole = event(&told(xid, NO_INSTANCE, NO_INSTANCE));
        assert_eq!((whole.xid, whole.instance), (Some(94), None));
        let part = event(&told(xid, 5, NO_INSTANCE));
        assert_eq!(part.instance, Some(Instance { gpu: 5, compute: None }));
        let other = event(&told(EventTypes::DOUBLE_BIT_ECC_ERROR.bits(), 5, 0));
        assert_eq!((other.xid, other.instance), (None, Some(Instance { gpu: 5, compute: Some(0) })));
    }

    #[test]
    fn a_fault_of_a_gpu_instance_hits_all_of_its_compute_instances() {
        let instance = |gpu, compute| Instance { gpu, compute };
        assert!(instance(5, None).covers(instance(5, Some(1))));
        assert!(instance(5, Some(1)).covers(instance(5, Some(1))));
        assert!(!instance(5, Some(1)).covers(instance(5, Some(0))));
        assert!(!instance(5, None).covers(instance(6, Some(0))));
    }
}
