//! What can happen, and to whom.

use std::fmt;

use nix::sys::signal::Signal;

use crate::chaos::arena::Arena;
use crate::chaos::link::Breakage;

/// Something that goes wrong. Numbers count workers, or coordinators, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// SIGKILL; started again in the end.
    KillWorker(usize),
    /// SIGSTOP, SIGCONT in the end.
    FreezeWorker(usize),
    /// SIGTERM; started again when it has ended.
    DrainWorker(usize),
    /// SIGKILL; started again in the end.
    KillCoordinator(usize),
    /// SIGKILL to both; started again in the end.
    KillBothCoordinators,
    /// SIGSTOP, SIGCONT in the end.
    FreezeCoordinator(usize),
    /// SIGTERM; started again when it has ended.
    RestartCoordinator(usize),
    /// SIGKILL to a trainer of a worker.
    KillTrainer(usize),
    /// SIGSTOP to a trainer of a worker, SIGCONT in the end.
    FreezeTrainer(usize),
    /// SIGTERM to a trainer of a worker, by nobody in charge.
    TerminateTrainer(usize),
    /// SIGKILL to the server; started again in the end.
    KillPostgres,
    /// SIGKILL to one session of the server, which then restarts by itself.
    KillBackend,
    /// SIGSTOP to all of it, SIGCONT in the end.
    FreezePostgres,
    /// A shutdown in good order, and a start in the end.
    RestartPostgres,
    /// The wire between a worker and the coordinators.
    BreakWorkerLink(usize, Breakage),
    /// The wire between a coordinator and the database.
    BreakDatabaseLink(usize, Breakage),
    /// No room in the artifact store.
    FillDisk,
}

/// What a fault happens to; it suffers one at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Target {
    /// A worker.
    Worker(usize),
    /// The coordinators: of the kill of both and of one, the second would find nobody.
    Coordinators,
    /// The trainers of a worker.
    Trainers(usize),
    /// The database's server.
    Postgres,
    /// The wire of a worker.
    WorkerLink(usize),
    /// The wire of a coordinator.
    DatabaseLink(usize),
    /// The artifact store's disk.
    Disk,
}

impl Fault {
    /// How many kinds there are.
    pub const KINDS: usize = 17;

    /// Whom it happens to.
    pub fn target(self) -> Target {
        match self {
            Self::KillWorker(worker) | Self::FreezeWorker(worker) | Self::DrainWorker(worker) => {
                Target::Worker(worker)
            }
            Self::KillCoordinator(_)
            | Self::FreezeCoordinator(_)
            | Self::RestartCoordinator(_)
            | Self::KillBothCoordinators => Target::Coordinators,
            Self::KillTrainer(worker) | Self::FreezeTrainer(worker) | Self::TerminateTrainer(worker) => {
                Target::Trainers(worker)
            }
            Self::KillPostgres | Self::KillBackend | Self::FreezePostgres | Self::RestartPostgres => {
                Target::Postgres
            }
            Self::BreakWorkerLink(worker, _) => Target::WorkerLink(worker),
            Self::BreakDatabaseLink(coordinator, _) => Target::DatabaseLink(coordinator),
            Self::FillDisk => Target::Disk,
        }
    }

    /// Whether it has an end of its own.
    pub fn lasts(self) -> bool {
        !matches!(self, Self::KillTrainer(_) | Self::TerminateTrainer(_) | Self::KillBackend)
    }

    /// Lets it happen.
    ///
    /// # Errors
    /// The operating system refuses.
    pub fn begin(self, arena: &mut Arena) -> anyhow::Result<()> {
        match self {
            Self::KillWorker(worker) => arena.workers[worker].kill()?,
            Self::FreezeWorker(worker) => arena.workers[worker].signal(Signal::SIGSTOP),
            Self::DrainWorker(worker) => arena.workers[worker].terminate(),
            Self::KillCoordinator(coordinator) => arena.coordinators[coordinator].kill()?,
            Self::KillBothCoordinators => {
                for coordinator in &mut arena.coordinators {
                    coordinator.kill()?;
                }
            }
            Self::FreezeCoordinator(coordinator) => arena.coordinators[coordinator].signal(Signal::SIGSTOP),
            Self::RestartCoordinator(coordinator) => arena.coordinators[coordinator].terminate(),
            Self::KillTrainer(worker) => arena.signal_trainers(worker, 1, Signal::SIGKILL),
            Self::FreezeTrainer(worker) => arena.signal_trainers(worker, 1, Signal::SIGSTOP),
            Self::TerminateTrainer(worker) => arena.signal_trainers(worker, 1, Signal::SIGTERM),
            Self::KillPostgres => arena.postgres.kill()?,
            Self::KillBackend => arena.postgres.kill_session(),
            Self::FreezePostgres => arena.postgres.signal_all(Signal::SIGSTOP),
            Self::RestartPostgres => arena.postgres.shut_down(),
            Self::BreakWorkerLink(worker, breakage) => arena.worker_links[worker].break_by(breakage),
            Self::BreakDatabaseLink(coordinator, breakage) => {
                arena.database_links[coordinator].break_by(breakage);
            }
            Self::FillDisk => arena.fill_disk()?,
        }
        Ok(())
    }

    /// Puts right what can be put right.
    ///
    /// # Errors
    /// A process does not end that was asked to, or does not start.
    pub async fn end(self, arena: &mut Arena) -> anyhow::Result<()> {
        match self {
            Self::KillWorker(worker) => arena.workers[worker].start_again()?,
            Self::FreezeWorker(worker) => arena.workers[worker].signal(Signal::SIGCONT),
            Self::DrainWorker(worker) => arena.restart_worker(worker).await?,
            Self::KillCoordinator(coordinator) => arena.coordinators[coordinator].start_again()?,
            Self::KillBothCoordinators => {
                for coordinator in &mut arena.coordinators {
                    coordinator.start_again()?;
                }
            }
            Self::FreezeCoordinator(coordinator) => arena.coordinators[coordinator].signal(Signal::SIGCONT),
            Self::RestartCoordinator(coordinator) => arena.restart_coordinator(coordinator).await?,
            Self::FreezeTrainer(worker) => arena.signal_trainers(worker, usize::MAX, Signal::SIGCONT),
            Self::KillPostgres => arena.postgres.start_again().await?,
            Self::RestartPostgres => {
                arena.postgres.until_ended().await?;
                arena.postgres.start_again().await?;
            }
            Self::FreezePostgres => arena.postgres.signal_all(Signal::SIGCONT),
            Self::BreakWorkerLink(worker, _) => arena.worker_links[worker].heal(),
            Self::BreakDatabaseLink(coordinator, _) => arena.database_links[coordinator].heal(),
            Self::FillDisk => arena.clear_disk()?,
            Self::KillTrainer(_) | Self::TerminateTrainer(_) | Self::KillBackend => {}
        }
        Ok(())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KillWorker(worker) => write!(f, "kill worker {worker}"),
            Self::FreezeWorker(worker) => write!(f, "freeze worker {worker}"),
            Self::DrainWorker(worker) => write!(f, "drain worker {worker} and start it again"),
            Self::KillCoordinator(coordinator) => write!(f, "kill coordinator {coordinator}"),
            Self::KillBothCoordinators => f.write_str("kill both coordinators"),
            Self::FreezeCoordinator(coordinator) => write!(f, "freeze coordinator {coordinator}"),
            Self::RestartCoordinator(coordinator) => write!(f, "restart coordinator {coordinator} politely"),
            Self::KillTrainer(worker) => write!(f, "kill a trainer of worker {worker}"),
            Self::FreezeTrainer(worker) => write!(f, "freeze a trainer of worker {worker}"),
            Self::TerminateTrainer(worker) => write!(f, "terminate a trainer of worker {worker}"),
            Self::KillPostgres => f.write_str("kill Postgres"),
            Self::KillBackend => f.write_str("kill a session of Postgres"),
            Self::FreezePostgres => f.write_str("freeze Postgres"),
            Self::RestartPostgres => f.write_str("restart Postgres"),
            Self::BreakWorkerLink(worker, how) => write!(f, "link of worker {worker}: {how:?}"),
            Self::BreakDatabaseLink(coordinator, how) => {
                write!(f, "link from coordinator {coordinator} to the database: {how:?}")
            }
            Self::FillDisk => f.write_str("fill the artifact store's disk"),
        }
    }
}
