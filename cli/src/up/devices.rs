//! Which devices the worker of `pedigree up` gets, and what a user is told of it.

use pedigree_trainer_core::DeviceChoice;
use pedigree_worker::Allotment;

/// What the worker is told to offer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Devices {
    /// CPU slots beside the GPUs; `None` where there is nothing to offer, and so no use for a worker.
    pub(super) cpu_slots: Option<usize>,
    /// What a user should know of it.
    pub(super) note: Option<String>,
}

/// The devices of this host with `asked` CPU slots, or as many as are sensible.
pub(super) fn choose(asked: Option<usize>) -> Devices {
    let seen = pedigree_worker::look_at_gpus(&Allotment::of_environment(None));
    chosen(asked, DeviceChoice::Cuda.is_built(), seen.offered().map(|gpus| gpus.len()))
}

/// `gpus`: how many could be offered, or why none.
fn chosen(asked: Option<usize>, trains_on_gpus: bool, gpus: Result<usize, String>) -> Devices {
    let (why, is_worth_telling) = match gpus {
        Ok(_) if trains_on_gpus => return Devices { cpu_slots: Some(asked.unwrap_or(0)), note: None },
        Ok(count) => (
            format!(
                "this build trains on the CPU only, though there is a GPU ({count}); `make cuda` builds one for GPUs"
            ),
            true,
        ),
        Err(why) => (format!("no GPU can be used ({why})"), trains_on_gpus),
    };
    match asked.unwrap_or(1) {
        0 => Devices {
            cpu_slots: None,
            note: Some(format!(
                "{why}, and --cpu-slots is 0: no worker is started here, and nothing is trained until another host's comes"
            )),
        },
        slots => {
            let note = is_worth_telling.then(|| format!("{why}: runs train on the CPU ({slots} at once)"));
            Devices { cpu_slots: Some(slots), note }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cpu_slot_in_place_of_a_gpu_is_told_and_no_device_means_no_worker() {
        let none = || Err("GPU-1: CUDA_VISIBLE_DEVICES= does not name it".to_owned());
        let told =
            |devices: &Devices, word: &str| devices.note.as_ref().is_some_and(|note| note.contains(word));
        assert_eq!(chosen(None, true, Ok(2)), Devices { cpu_slots: Some(0), note: None });
        assert_eq!(chosen(Some(1), true, Ok(2)), Devices { cpu_slots: Some(1), note: None });
        let instead = chosen(None, true, none());
        assert_eq!(instead.cpu_slots, Some(1));
        assert!(told(&instead, "CUDA_VISIBLE_DEVICES= does not name it"), "{instead:?}");
        assert_eq!(chosen(None, false, none()), Devices { cpu_slots: Some(1), note: None });
        let unused = chosen(None, false, Ok(2));
        assert!(unused.cpu_slots == Some(1) && told(&unused, "make cuda"), "{unused:?}");
        for (built, gpus) in [(true, none()), (false, none()), (false, Ok(1))] {
            let idle = chosen(Some(0), built, gpus);
            assert!(idle.cpu_slots.is_none() && told(&idle, "no worker is started here"), "{idle:?}");
        }
    }
}
