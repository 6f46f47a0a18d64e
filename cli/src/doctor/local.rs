//! This machine: its clock, GPUs, disk and Postgres binaries.

use std::path::Path;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use pedigree_protocol::upkeep::Finding;
use pedigree_trainer_core::DeviceChoice;
use pedigree_worker::{Allotment, SeenGpu, SeenGpus};

use crate::output::bytes;
use crate::up;

/// From this difference on, logs of several hosts are hard to read together. No protocol of Pedigree depends on it.
const CLOCK_LIMIT: Duration = Duration::from_secs(2);
const SCARCE_BYTES: u64 = 10 << 30;
const FULL_BYTES: u64 = 1 << 30;

/// This machine's clock when a request was sent.
#[derive(Debug)]
pub(super) struct Clock(SystemTime);

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "this very clock is compared with the database's")]
    pub(super) fn start() -> Self {
        Self(SystemTime::now())
    }

    /// Compares it with the database's clock, which was read between the start and now.
    pub(super) fn compare(&self, database: DateTime<Utc>) -> Finding {
        let (asked, answered) = (self.0, Self::start().0);
        let database = SystemTime::from(database);
        let off = match (asked.duration_since(database), database.duration_since(answered)) {
            (Ok(ahead), _) => ahead,
            (_, Ok(behind)) => behind,
            _ => Duration::ZERO,
        };
        let said = format!("{:.1} s off the database's", off.as_secs_f64());
        if off > CLOCK_LIMIT {
            let fix = "run a time service (chrony, systemd-timesyncd); leases are not affected: they use the \
                       database's clock";
            return Finding::warning("clock", said, fix);
        }
        Finding::ok("clock", said)
    }
}

/// The GPUs of this host, which of them a worker here would leave out, and whether another process uses one.
pub(super) fn gpus() -> Finding {
    finding(pedigree_worker::look_at_gpus(&Allotment::of_environment(None)), DeviceChoice::Cuda.is_built())
}

fn finding(seen: SeenGpus, trains_on_gpus: bool) -> Finding {
    let gpus = match seen {
        SeenGpus::None(_) => return Finding::ok("gpu", "there is no GPU; a worker here offers CPU slots"),
        SeenGpus::Broken(why) => {
            let fix = "`nvidia-smi` must work for this user; after an update of the driver, restart the host";
            return Finding::failure("gpu", format!("there is a driver, but it does not work: {why}"), fix);
        }
        SeenGpus::Listed(gpus) => gpus,
    };
    let name = |gpu: &SeenGpu| format!("{} ({})", gpu.name, gpu.uuid);
    let offered = gpus.iter().filter(|gpu| gpu.left_out.is_none()).map(name);
    let left_out =
        gpus.iter().filter_map(|gpu| Some(format!("{} is left out: {}", name(gpu), gpu.left_out.as_ref()?)));
    let taken = gpus.iter().filter_map(|gpu| gpu.occupied.clone());
    let is_clear = gpus.iter().all(|gpu| gpu.occupied.is_none() && gpu.left_out.is_none());
    let mut said: Vec<String> = offered.chain(left_out).chain(taken).collect();
    if !trains_on_gpus {
        said.push("this build trains on the CPU only (`make cuda` builds one for GPUs)".to_owned());
    }
    match is_clear {
        true => Finding::ok("gpu", said.join("; ")),
        false => Finding::warning(
            "gpu",
            said.join("; "),
            "Pedigree uses a GPU only if it is allotted to the worker, tells its memory, and nothing else uses it",
        ),
    }
}

/// Free space in the data folder.
pub(super) fn disk(folder: &Path) -> Finding {
    // A folder that does not exist yet will be on its parent's disk.
    let there = folder.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("/"));
    let there = if there.as_os_str().is_empty() { Path::new(".") } else { there };
    let free = match nix::sys::statvfs::statvfs(there) {
        Ok(found) => found.blocks_available().saturating_mul(found.fragment_size()),
        Err(error) => {
            let said = format!("{} cannot be checked: {error}", there.display());
            return Finding::failure("disk", said, "set PEDIGREE_DATA to another folder");
        }
    };
    let said = format!("{} free at {}", bytes(free.cast_signed()), there.display());
    let fix =
        "`pedigree gc --dry-run` says what can be deleted; or set PEDIGREE_DATA to a folder on another disk";
    if free < FULL_BYTES {
        Finding::failure("disk", said, fix)
    } else if free < SCARCE_BYTES {
        Finding::warning("disk", said, fix)
    } else {
        Finding::ok("disk", said)
    }
}

/// Whether `pedigree up` could start a private cluster here.
pub(super) fn postgres() -> Finding {
    match up::server_binaries() {
        Ok(folder) => Finding::ok("postgres", format!("server binaries in {}", folder.display())),
        Err(error) => Finding::warning(
            "postgres",
            format!("`pedigree up` cannot start a database here: {error:#}"),
            "install PostgreSQL, or give --database-url",
        ),
    }
}

#[cfg(test)]
mod tests {
    use pedigree_protocol::upkeep::Level;

    use super::*;

    #[test]
    fn a_clock_is_off_by_what_lies_outside_the_question() {
        let clock = Clock::start();
        let at = |offset: f64| {
            let shift = Duration::from_secs_f64(offset.abs());
            let time = if offset < 0.0 { clock.0 - shift } else { clock.0 + shift };
            clock.compare(time.into()).level
        };
        assert_eq!(
            [at(0.0), at(-1.0), at(-5.0), at(60.0)],
            [Level::Ok, Level::Ok, Level::Warning, Level::Warning]
        );
    }

    #[test]
    fn a_driver_that_does_not_work_and_a_gpu_that_is_left_out_are_told() {
        let broken = finding(SeenGpus::Broken("NVML: a version mismatch".into()), true);
        assert_eq!(broken.level, Level::Failure);
        assert!(broken.finding.contains("a version mismatch"), "{broken:?}");
        let gpu = |uuid: &str, left_out: Option<&str>| SeenGpu {
            uuid: uuid.into(),
            name: "A100".into(),
            left_out: left_out.map(Into::into),
            occupied: None,
        };
        let told = finding(SeenGpus::Listed(vec![gpu("GPU-1", None), gpu("GPU-2", Some("not named"))]), true);
        assert_eq!(told.level, Level::Warning);
        assert_eq!(told.finding, "A100 (GPU-1); A100 (GPU-2) is left out: not named");
        let clear = finding(SeenGpus::Listed(vec![gpu("GPU-1", None)]), true);
        assert_eq!((clear.level, clear.finding.as_str()), (Level::Ok, "A100 (GPU-1)"));
        assert_eq!(finding(SeenGpus::None("no library".into()), true).level, Level::Ok);
    }

    #[test]
    fn a_folder_that_is_not_there_yet_is_looked_at_where_it_will_be() {
        let folder = tempfile::tempdir().unwrap();
        let finding = disk(&folder.path().join("a/b"));
        assert!(finding.finding.contains(folder.path().to_str().unwrap()), "{finding:?}");
    }
}
