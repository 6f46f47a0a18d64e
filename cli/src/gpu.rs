//! `pedigree gpu list`: the GPUs of all present workers, with their readings.

use clap::Subcommand;
use pedigree_protocol::WorkerId;
use pedigree_protocol::fleet::{DeviceKind, DeviceRecord, Worker};
use pedigree_protocol::gpu::GpuReading;
use serde::Serialize;

use crate::connection::Connection;
use crate::output::{Output, duration, table, write_table};
use crate::worker;

#[derive(Debug, Subcommand)]
pub(crate) enum GpuCommand {
    /// List the GPUs and MIG instances of all workers with memory, load, temperature, power and the last incident
    List,
}

/// A GPU and the worker that offers it.
#[derive(Debug, Serialize)]
struct ListedGpu {
    worker_id: WorkerId,
    worker: String,
    /// The state, as in `pedigree worker list`.
    state: String,
    #[serde(flatten)]
    record: DeviceRecord,
}

pub(crate) async fn run(command: GpuCommand, connection: &Connection, output: Output) -> anyhow::Result<()> {
    match command {
        GpuCommand::List => {
            let workers = connection.client()?.workers().await?;
            let gpus: Vec<ListedGpu> =
                workers.into_iter().filter(|worker| worker.alive).flat_map(gpus).collect();
            let header = [
                "worker",
                "gpu",
                "name",
                "memory MiB",
                "load %",
                "temp C",
                "power W",
                "ECC",
                "holds",
                "last incident",
                "state",
            ];
            let table = table(&header, &[3, 4, 5, 6, 7], gpus.iter().map(row));
            output.document(&gpus, |screen| {
                write_table(screen, &table)?;
                match gpus.iter().any(|gpu| parent(gpu).is_some()) {
                    true => writeln!(screen, "* reading of the whole GPU, of which this is a MIG instance"),
                    false => Ok(()),
                }
            })
        }
    }
}

fn gpus(mut worker: Worker) -> Vec<ListedGpu> {
    let devices = std::mem::take(&mut worker.devices);
    let gpus = devices.into_iter().filter(|record| record.device.kind == DeviceKind::Gpu);
    let listed = |record| ListedGpu {
        worker_id: worker.id,
        worker: worker.name.clone(),
        state: worker::state(&worker, &record),
        record,
    };
    gpus.map(listed).collect()
}

fn row(gpu: &ListedGpu) -> Vec<String> {
    let device = &gpu.record.device;
    let shown = gpu.record.shown.as_ref().map(|shown| &shown.reading);
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let number = |read: fn(&GpuReading) -> Option<i32>| or_dash(shown.and_then(read).map(|n| n.to_string()));
    // For a MIG instance these are the whole GPU's.
    let mark = if parent(gpu).is_some() { "*" } else { "" };
    let watts = |read: fn(&GpuReading) -> Option<f64>| {
        shown.and_then(read).map_or_else(|| "-".to_owned(), |watts| format!("{watts:.0}"))
    };
    let power = match (watts(|gpu| gpu.power_w), watts(|gpu| gpu.power_limit_w)) {
        (power, limit) if power == limit => power,
        (power, limit) => format!("{power}/{limit}{mark}"),
    };
    let mib = |bytes: Option<i64>| or_dash(bytes.map(|bytes| (bytes >> 20).to_string()));
    let ecc = or_dash(shown.and_then(|shown| shown.uncorrected_ecc).map(|count| format!("{count}{mark}")));
    let temperature = match number(|gpu| gpu.temperature_c) {
        none if none == "-" => none,
        degrees => degrees + mark,
    };
    vec![
        gpu.worker.clone(),
        device.uuid.clone(),
        device.name.clone(),
        format!("{}/{}", mib(shown.and_then(|shown| shown.used_bytes)), mib(device.memory_bytes)),
        number(|gpu| gpu.utilisation_percent),
        temperature,
        power,
        ecc,
        or_dash(gpu.record.run_id.map(|run| format!("run {run}"))),
        or_dash(shown.and_then(incident)),
        // Last, because it may be long.
        gpu.state.clone(),
    ]
}

fn parent(gpu: &ListedGpu) -> Option<&str> {
    gpu.record.shown.as_ref()?.reading.parent.as_deref()
}

fn incident(gpu: &GpuReading) -> Option<String> {
    let last = gpu.last_incident.as_ref()?;
    Some(format!("{}, {} ago", last.what, duration(last.seconds_ago)))
}
