//! Which of a host's GPUs this process was allotted: by `--gpus`, and by the variables with which batch systems and
//! containers say it. Pure, but for reading the variables.
//!
//! Must not know NVML: it is given what NVML listed.

use std::fmt;

use pedigree_mig::Instance;

use super::probe::Gpu;

/// What a flag and the environment say of the GPUs to use. Without any of them all are allotted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allotment {
    /// `--gpus`: UUIDs or their first characters.
    pub flag: Option<Vec<String>>,
    /// `CUDA_VISIBLE_DEVICES`.
    pub cuda: Option<String>,
    /// `NVIDIA_VISIBLE_DEVICES`.
    pub nvidia: Option<String>,
    /// Whether `CUDA_DEVICE_ORDER` makes CUDA count the GPUs as NVML does.
    pub by_bus: bool,
}

/// The GPUs that may be used, and the others with the reasons.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Allotted {
    pub(crate) gpus: Vec<Gpu>,
    pub(crate) left_out: Vec<(Gpu, String)>,
    /// What the variables say that cannot be taken at its word.
    pub(crate) doubts: Vec<String>,
}

/// `--gpus` names what is not there, or what the environment does not allot.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("--gpus {name}: {why}; this host has {gpus}")]
pub struct WrongGpus {
    name: String,
    why: String,
    gpus: String,
}

impl Allotment {
    /// What the environment says, and a flag beside it.
    pub fn of_environment(flag: Option<Vec<String>>) -> Self {
        let variable = |name| std::env::var(name).ok();
        Self {
            flag,
            cuda: variable("CUDA_VISIBLE_DEVICES"),
            nvidia: variable("NVIDIA_VISIBLE_DEVICES"),
            by_bus: variable("CUDA_DEVICE_ORDER").is_some_and(|order| order == "PCI_BUS_ID"),
        }
    }

    /// The share of `gpus` that this allots.
    pub(crate) fn of(&self, gpus: Vec<Gpu>) -> Result<Allotted, WrongGpus> {
        let (cuda, nvidia) = (self.by_cuda(&gpus), self.by_nvidia(&gpus));
        let doubts = [&cuda, &nvidia].into_iter().flatten().flat_map(|share| share.doubts.clone()).collect();
        let by_variables: Vec<Share> = [cuda, nvidia].into_iter().flatten().collect();
        let flag = self.flag.as_ref().map(|names| by_flag(names, &gpus, &by_variables)).transpose()?;
        let shares: Vec<Share> = flag.into_iter().chain(by_variables).collect();
        let mut allotted = Allotted { doubts, ..Allotted::default() };
        for (place, gpu) in gpus.into_iter().enumerate() {
            match shares.iter().find(|share| !share.places.contains(&place)) {
                Some(share) => allotted.left_out.push((gpu, share.refusal())),
                None => allotted.gpus.push(gpu),
            }
        }
        Ok(allotted)
    }

    /// As CUDA reads it: up to the first name of no GPU.
    fn by_cuda(&self, gpus: &[Gpu]) -> Option<Share> {
        let text = self.cuda.as_ref()?;
        let mut share = Share::new("CUDA_VISIBLE_DEVICES", text);
        for name in names(text) {
            let Some(places) = places(name, gpus) else {
                share.doubts.push(format!(
                    "{name:?} in {share} names no GPU here; it and what follows it count for nothing"
                ));
                break;
            };
            share.places.extend(places);
        }
        let is_counted = names(text).any(|name| name.parse::<usize>().is_ok());
        if is_counted && !self.by_bus && gpus.iter().any(|gpu| gpu.name != gpus[0].name) {
            share.doubts.push(format!(
                "{share} counts GPUs of several models, and CUDA may count them in another order than NVML; set \
                 CUDA_DEVICE_ORDER=PCI_BUS_ID, or name them by UUID"
            ));
        }
        Some(share)
    }

    /// As NVIDIA's container runtime reads it. Where it has acted on it already, only what it allots is there, counted
    /// anew.
    fn by_nvidia(&self, gpus: &[Gpu]) -> Option<Share> {
        let text = self.nvidia.as_ref()?;
        // `void` and nothing leave the GPUs to others, such as a device plugin.
        if matches!(text.trim(), "all" | "void" | "") {
            return None;
        }
        let mut share = Share::new("NVIDIA_VISIBLE_DEVICES", text);
        if text.trim() == "none" {
            return Some(share);
        }
        let chips = gpus.iter().map(|gpu| gpu.index).max().map_or(0, |last| last + 1);
        if names(text).all(|name| name.parse::<usize>().is_ok()) && names(text).count() == chips {
            return None;
        }
        for name in names(text) {
            match places(name, gpus) {
                Some(places) => share.places.extend(places),
                None => share.doubts.push(format!("{name:?} in {share} names no GPU here")),
            }
        }
        Some(share)
    }
}

/// `--gpus` names GPUs that are there and that the variables allot: what a user has typed is not left out in silence.
fn by_flag(names: &[String], gpus: &[Gpu], by_variables: &[Share]) -> Result<Share, WrongGpus> {
    let mut share = Share::new("--gpus", &names.join(","));
    for name in names.iter().map(|name| name.trim()) {
        let wrong = |why: String| {
            let gpus: Vec<&str> = gpus.iter().map(|gpu| &*gpu.uuid).collect();
            let gpus = if gpus.is_empty() { "no GPU".to_owned() } else { gpus.join(", ") };
            WrongGpus { name: name.to_owned(), why, gpus }
        };
        let places =
            places(name, gpus).ok_or_else(|| wrong("no GPU, or more than one, is called so".into()))?;
        for place in &places {
            if let Some(other) = by_variables.iter().find(|share| !share.places.contains(place)) {
                return Err(wrong(other.refusal()));
            }
        }
        share.places.extend(places);
    }
    Ok(share)
}

/// What one of them allots.
#[derive(Debug)]
struct Share {
    by: &'static str,
    text: String,
    places: Vec<usize>,
    doubts: Vec<String>,
}

impl Share {
    fn new(by: &'static str, text: &str) -> Self {
        Self { by, text: text.to_owned(), places: Vec::new(), doubts: Vec::new() }
    }

    /// Why a GPU outside of it is left out.
    fn refusal(&self) -> String {
        format!("{self} does not name it")
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let separator = if self.by.starts_with("--") { ' ' } else { '=' };
        write!(f, "{}{separator}{}", self.by, self.text)
    }
}

fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).take_while(|name| !name.is_empty())
}

/// The places of the GPUs that a name means: an index, a UUID or its first characters, or a MIG instance. A GPU in MIG mode
/// means all of its instances. `None` where it means none, or where more than one begins so.
fn places(name: &str, gpus: &[Gpu]) -> Option<Vec<usize>> {
    let all = |is_meant: &dyn Fn(&Gpu) -> bool| -> Vec<usize> {
        (0..gpus.len()).filter(|place| is_meant(&gpus[*place])).collect()
    };
    let is_index = name.bytes().all(|byte| byte.is_ascii_digit());
    let found = match name.split_once(':').map(|(chip, part)| (chip.parse::<usize>(), part.parse::<usize>()))
    {
        _ if name.is_empty() => Vec::new(),
        Some((Ok(chip), Ok(part))) => all(&|gpu| gpu.index == chip).get(part).copied().into_iter().collect(),
        _ if is_index => all(&|gpu| name.parse() == Ok(gpu.index)),
        _ => {
            let exact = all(&|gpu| same(&gpu.uuid, name) || same(gpu.chip(), name) || is_instance(name, gpu));
            if exact.is_empty() { beginning(name, gpus) } else { exact }
        }
    };
    (!found.is_empty()).then_some(found)
}

/// The GPU with its instances, or the instance, whose UUID begins with this name; nothing where several GPUs or instances do.
fn beginning(name: &str, gpus: &[Gpu]) -> Vec<usize> {
    let own = |gpu: &Gpu| if begins(name, "MIG-") { gpu.uuid.clone() } else { gpu.chip().to_owned() };
    let found: Vec<usize> = (0..gpus.len()).filter(|place| begins(&own(&gpus[*place]), name)).collect();
    let is_one = found.iter().all(|place| own(&gpus[*place]) == own(&gpus[found[0]]));
    if is_one { found } else { Vec::new() }
}

/// Whether `MIG-GPU-UUID/GPU-INSTANCE/COMPUTE-INSTANCE`, the older form of an instance's name, means this one.
fn is_instance(name: &str, gpu: &Gpu) -> bool {
    let mut parts = name.get(4..).unwrap_or_default().split('/');
    let (chip, mut numbers) = (parts.next().unwrap_or_default(), parts.map(str::parse));
    let Some(Instance { gpu: of_gpu, compute }) = gpu.instance else { return false };
    begins(name, "MIG-GPU-")
        && begins(gpu.chip(), chip)
        && numbers.next() == Some(Ok(of_gpu))
        && numbers.next().and_then(Result::ok) == compute
}

fn same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

fn begins(text: &str, with: &str) -> bool {
    text.get(..with.len()).is_some_and(|start| same(start, with))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = "GPU-11111111-0000-4000-8000-000000000001";
    const SECOND: &str = "GPU-12222222-0000-4000-8000-000000000002";
    const DIVIDED: &str = "GPU-33333333-0000-4000-8000-000000000003";

    /// Two whole GPUs, and one that is divided in two.
    fn gpus() -> Vec<Gpu> {
        let gpu = |uuid: &str, index, parent: Option<&str>, instance| Gpu {
            uuid: uuid.into(),
            name: "A100".into(),
            memory_bytes: Ok(1 << 30),
            parent: parent.map(Into::into),
            index,
            instance,
        };
        let part = |gpu| Some(Instance { gpu, compute: Some(0) });
        vec![
            gpu(FIRST, 0, None, None),
            gpu(SECOND, 1, None, None),
            gpu("MIG-aaaaaaaa-0000-5000-8000-000000000001", 2, Some(DIVIDED), part(1)),
            gpu("MIG-abbbbbbb-0000-5000-8000-000000000002", 2, Some(DIVIDED), part(2)),
        ]
    }

    /// The places that are allotted.
    fn of(allotment: &Allotment) -> Vec<usize> {
        let allotted = allotment.of(gpus()).unwrap();
        assert_eq!(allotted.gpus.len() + allotted.left_out.len(), 4);
        let place = |gpu: &Gpu| gpus().iter().position(|other| other.uuid == gpu.uuid).unwrap();
        allotted.gpus.iter().map(place).collect()
    }

    fn cuda(text: &str) -> Vec<usize> {
        of(&Allotment { cuda: Some(text.into()), ..Allotment::default() })
    }

    fn nvidia(text: &str) -> Vec<usize> {
        of(&Allotment { nvidia: Some(text.into()), ..Allotment::default() })
    }

    #[test]
    fn cuda_visible_devices_allots_by_index_uuid_prefix_and_instance() {
        assert_eq!(of(&Allotment::default()), [0, 1, 2, 3]);
        for nothing in ["", " ", "-1", "NoDevFiles", "3", "GPU-", "GPU-1", "GPU-9", "MIG-a", "-1,0", "none"] {
            assert_eq!(cuda(nothing), [0; 0], "{nothing:?}");
        }
        for first in ["0", " 0 ", FIRST, "GPU-11", "gpu-11111111", "0,-1,1", "0,7,1", "0,,1", "0,0"] {
            assert_eq!(cuda(first), [0], "{first:?}");
        }
        assert_eq!(cuda("1,0"), [0, 1]);
        assert_eq!(cuda(&format!("{SECOND},GPU-11")), [0, 1]);
        for instances in ["2", DIVIDED, "GPU-3"] {
            assert_eq!(cuda(instances), [2, 3], "{instances}");
        }
        for second in
            ["MIG-abbbbbbb-0000-5000-8000-000000000002", "MIG-ab", &format!("MIG-{DIVIDED}/2/0"), "2:1"]
        {
            assert_eq!(cuda(second), [3], "{second}");
        }
        assert_eq!(cuda(&format!("MIG-{DIVIDED}/3/0")), [0; 0]);
    }

    #[test]
    fn nvidia_visible_devices_allots_unless_a_container_has_acted_on_it() {
        for nothing_said in ["all", "void", "", "5,6,7"] {
            assert_eq!(nvidia(nothing_said), [0, 1, 2, 3], "{nothing_said:?}");
        }
        assert_eq!(nvidia("none"), [0; 0]);
        assert_eq!(nvidia("1"), [1]);
        assert_eq!(nvidia(SECOND), [1]);
        assert_eq!(nvidia("2:0"), [2]);
        assert_eq!(nvidia("9,0"), [0]);
        let both = Allotment { cuda: Some("0,1".into()), nvidia: Some("1,2".into()), ..Allotment::default() };
        assert_eq!(of(&both), [1]);
    }

    #[test]
    fn gpus_of_the_flag_are_there_and_allotted_or_refused() {
        let flag = |names: &[&str], cuda: Option<&str>| Allotment {
            flag: Some(names.iter().map(ToString::to_string).collect()),
            cuda: cuda.map(Into::into),
            ..Allotment::default()
        };
        assert_eq!(of(&flag(&["GPU-12", "MIG-aa"], None)), [1, 2]);
        assert_eq!(of(&flag(&[FIRST], Some("0,1"))), [0]);
        let refused = |allotment: Allotment| allotment.of(gpus()).unwrap_err().to_string();
        let unknown = refused(flag(&["GPU-9"], None));
        assert!(unknown.starts_with("--gpus GPU-9: no GPU") && unknown.contains(SECOND), "{unknown}");
        let foreign = refused(flag(&[FIRST], Some("1")));
        assert!(foreign.contains("CUDA_VISIBLE_DEVICES=1 does not name it"), "{foreign}");
    }

    #[test]
    fn what_is_left_out_says_why_and_what_is_doubtful_is_said() {
        let allotment = Allotment { cuda: Some("0,8".into()), ..Allotment::default() };
        let allotted = allotment.of(gpus()).unwrap();
        assert!(allotted.left_out.iter().all(|(_, why)| why == "CUDA_VISIBLE_DEVICES=0,8 does not name it"));
        assert!(allotted.doubts[0].contains("\"8\" in CUDA_VISIBLE_DEVICES=0,8"), "{:?}", allotted.doubts);
        let mixed = |by_bus| {
            let mut gpus = gpus();
            gpus[1].name = "RTX A5000".into();
            let allotment = Allotment { cuda: Some("0".into()), by_bus, ..Allotment::default() };
            allotment.of(gpus).unwrap().doubts.len()
        };
        assert_eq!((mixed(false), mixed(true)), (1, 0));
    }
}
