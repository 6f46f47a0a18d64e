//! This machine: its clock, GPUs, disk and Postgres binaries.

use std::path::Path;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use pedigree_protocol::upkeep::Finding;

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

/// The GPUs of this host, and whether another process uses one.
pub(super) fn gpus() -> Finding {
    match pedigree_worker::look_at_gpus() {
        Ok(gpus) if gpus.is_empty() => Finding::ok("gpu", "there is no GPU; a worker here offers CPU slots"),
        Ok(gpus) => {
            let taken: Vec<String> = gpus.iter().filter_map(|gpu| gpu.occupied.clone()).collect();
            let said: Vec<String> = gpus.iter().map(|gpu| format!("{} ({})", gpu.name, gpu.uuid)).collect();
            match taken.is_empty() {
                true => Finding::ok("gpu", said.join(", ")),
                false => Finding::warning(
                    "gpu",
                    format!("{}; {}", said.join(", "), taken.join("; ")),
                    "end that process, or leave it: Pedigree uses a GPU only while nothing else does",
                ),
            }
        }
        Err(sentence) => {
            Finding::failure("gpu", sentence, "check the driver: `nvidia-smi` must work for this user")
        }
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
    fn a_folder_that_is_not_there_yet_is_looked_at_where_it_will_be() {
        let folder = tempfile::tempdir().unwrap();
        let finding = disk(&folder.path().join("a/b"));
        assert!(finding.finding.contains(folder.path().to_str().unwrap()), "{finding:?}");
    }
}
