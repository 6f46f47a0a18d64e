//! `pedigree worker`: runs a worker on this machine, or lists and controls workers.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Subcommand;
use pedigree_protocol::WorkerId;
use pedigree_protocol::client::Client;
use pedigree_protocol::fleet::{DeviceRecord, Worker, WorkerFilter, WorkerToken};
use pedigree_protocol::resources::{Hold, parse_duration};
use pedigree_trainer_core::DeviceChoice;
use pedigree_worker::{Allotment, Config};

use crate::connection::{Connection, Resolved, data_folder};
use crate::listing::Listing;
use crate::output::{Output, table, write_table};
use crate::queue::HoldFlags;
use crate::shutdown;

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct WorkerArgs {
    #[command(subcommand)]
    command: Option<WorkerCommand>,
    #[command(flatten)]
    offer: OfferArgs,
}

#[derive(Debug, Subcommand)]
enum WorkerCommand {
    /// List the workers and their devices
    List(ListArgs),
    /// Drain a worker: it gets no new work until you resume it, even if it restarts
    Drain {
        #[command(flatten)]
        worker: Named,
        #[command(flatten)]
        pause: HoldFlags,
    },
    /// Resume a drained worker
    Resume(Named),
    /// Put a device back into use that was taken out of use because it kept failing or needed a reset
    Release {
        /// UUID of the device
        device: String,
    },
}

#[derive(Debug, clap::Args)]
struct ListArgs {
    #[command(flatten)]
    listing: Listing,
    /// Also list workers that were not heard for more than a week
    #[arg(long)]
    gone: bool,
}

#[derive(Debug, clap::Args)]
struct Named {
    /// Name or id of the worker
    worker: String,
}

impl Named {
    /// The worker of this id, or the present one of this name.
    async fn find(&self, client: &Client) -> anyhow::Result<WorkerId> {
        if let Ok(id) = self.worker.parse() {
            return Ok(id);
        }
        let workers = client.list_workers(&WorkerFilter { gone: false }, None).await?.items;
        let is_meant = |worker: &&Worker| worker.alive && worker.name == self.worker;
        let found: Vec<&Worker> = workers.iter().filter(is_meant).collect();
        match found.as_slice() {
            [worker] => Ok(worker.id),
            [] => bail!("no worker {:?} is here; `pedigree worker list --gone` shows all", self.worker),
            several => {
                let ids: Vec<String> = several.iter().map(|worker| worker.id.to_string()).collect();
                bail!(
                    "{} workers are called {:?}; give an id: {}",
                    several.len(),
                    self.worker,
                    ids.join(", ")
                )
            }
        }
    }
}

#[derive(Debug, clap::Args)]
struct OfferArgs {
    /// Number of CPU slots to offer in addition to the GPUs; each trains one run at a time
    #[arg(long, default_value_t = 0, value_name = "N")]
    cpu_slots: usize,
    /// Name of this worker [default: the host's name]
    #[arg(long)]
    name: Option<String>,
    /// Folder for the worker's cache and its attempts [default: worker/ in the data folder]
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// UUIDs of the GPUs to offer, or their first characters [default: all that CUDA_VISIBLE_DEVICES and
    /// NVIDIA_VISIBLE_DEVICES allot]
    #[arg(long, value_name = "UUID,...", value_delimiter = ',')]
    gpus: Option<Vec<String>>,
    /// Path of the NVML library, if it is not the system's
    #[arg(long, value_name = "FILE")]
    nvml_library: Option<PathBuf>,
    /// Threads of each trainer [default: the cores divided by the slots]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// How long this worker may run, such as 4h; it hands back its work in time and starts nothing that cannot finish
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    walltime: Option<u32>,
    /// Program that trains, in place of this one; the worker runs `FILE train --supervised JOB.json`, or `FILE dapt
    /// --supervised JOB.json` for a pretraining
    #[arg(long, value_name = "FILE")]
    trainer: Option<PathBuf>,
    /// Stop when stdin ends, since the process that started this one is gone then
    #[arg(long, hide = true)]
    supervised: bool,
}

pub(crate) async fn run(args: WorkerArgs, connection: &Connection, output: Output) -> anyhow::Result<()> {
    match args.command {
        Some(WorkerCommand::List(args)) => list(&args, connection, output).await,
        Some(WorkerCommand::Drain { worker, pause }) => {
            let client = connection.client()?;
            let id = worker.find(&client).await?;
            say(&client.drain_worker(id, pause.into()).await?, output)
        }
        Some(WorkerCommand::Resume(worker)) => {
            let client = connection.client()?;
            let id = worker.find(&client).await?;
            say(&client.resume_worker(id).await?, output)
        }
        Some(WorkerCommand::Release { device }) => {
            let workers = connection.client()?.release_device(&device).await?;
            output.document(&workers, |screen| writeln!(screen, "the device {device} is in use again"))
        }
        None => offer(args.offer, connection).await,
    }
}

fn say(worker: &Worker, output: Output) -> anyhow::Result<()> {
    let held = held(worker.hold).unwrap_or("given work");
    output.document(worker, |screen| writeln!(screen, "worker {} is {held}", worker.name))
}

const fn held(hold: Hold) -> Option<&'static str> {
    match hold {
        Hold::None => None,
        Hold::Finish => Some("drained: running work finishes"),
        Hold::Now => Some("drained: running work is handed back"),
    }
}

async fn offer(args: OfferArgs, connection: &Connection) -> anyhow::Result<()> {
    let shutdown = shutdown::requested(args.supervised)?;
    let data = data_folder();
    let Resolved { server, token, .. } = connection.resolve(&data)?;
    // Another program's abilities are not known here; whoever names it vouches that it fits the host.
    let trains_on_gpus = args.trainer.is_some() || DeviceChoice::Cuda.is_built();
    let program = match args.trainer {
        Some(program) => program,
        None => std::env::current_exe().context("cannot find this program's own file")?,
    };
    let config = Config {
        server,
        token,
        name: args.name,
        cpu_slots: args.cpu_slots,
        trains_on_gpus,
        allotment: Allotment::of_environment(args.gpus),
        nvml_library: args.nvml_library,
        folder: args.folder.unwrap_or_else(|| data.join("worker")),
        trainer: vec![program.into_os_string()],
        walltime: args.walltime.map(|seconds| Duration::from_secs(seconds.into())),
        threads: args.threads,
    };
    Ok(pedigree_worker::run(config, shutdown).await?)
}

async fn list(args: &ListArgs, connection: &Connection, output: Output) -> anyhow::Result<()> {
    let filter = WorkerFilter { gone: args.gone };
    let page = connection.client()?.list_workers(&filter, args.listing.limit).await?;
    let workers = Listing::items(page, output);
    let rows = workers.iter().flat_map(|worker| worker.devices.iter().map(move |device| row(worker, device)));
    let table = table(&["worker", "pid", "state", "device", "name", "holds"], &[1], rows);
    output.document(&workers, |screen| write_table(screen, &table))
}

/// The state of a worker's device, as a sentence.
pub(crate) fn state(worker: &Worker, record: &DeviceRecord) -> String {
    let trouble = worker.token.as_ref().and_then(WorkerToken::trouble);
    match (&record.device.unavailable, trouble) {
        (_, trouble) if !worker.alive => {
            trouble.map_or("gone".to_owned(), |trouble| format!("gone: {trouble}"))
        }
        (_, _) if record.quarantine.is_some() => {
            format!("out of use: {}", record.quarantine.as_deref().unwrap_or_default())
        }
        (Some(why), _) => format!("not offered: {why}"),
        (None, trouble) => {
            let state = held(worker.hold).unwrap_or("alive");
            trouble.map_or(state.to_owned(), |trouble| format!("{state}, but {trouble}"))
        }
    }
}

fn row(worker: &Worker, record: &DeviceRecord) -> Vec<String> {
    let device = &record.device;
    let state = state(worker, record);
    let holds = record.run_id.map_or_else(|| "-".to_owned(), |run| format!("run {run}"));
    vec![worker.name.clone(), worker.pid.to_string(), state, device.uuid.clone(), device.name.clone(), holds]
}
