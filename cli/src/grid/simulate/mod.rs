//! `pedigree grid simulate`: a grid from its creation to its end, with a real coordinator and simulated workers.
//!
//! Owns the order of a simulation. The coordinator, its Postgres, HTTP and the workers' protocol are real; trainings follow
//! tables, and their time is virtual. [`script`] says what happens, [`fleet`] makes it happen, [`counts`] checks what came of it.

mod counts;
mod curves;
mod device;
mod figures;
mod fleet;
mod restart;
mod script;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use pedigree_protocol::client::Client;
use pedigree_protocol::grid::GridSpec;
use pedigree_protocol::resources::Resources;

use self::figures::{Figures, Virtual};
use self::fleet::{Fleet, Plan};
use self::restart::Restart;
use self::script::Script;
use super::args::GridArgs;
use crate::output::Output;
use crate::serve::LeaseArg;
use crate::simulated::tally::Latencies;
use crate::simulated::{check, content};
use crate::up::Stand;

/// Seconds that a lease lasts in real time: a simulation waits so long for each worker that vanishes.
const LEASE: u64 = 3;
/// How long a request is repeated while the coordinator starts again.
const PATIENCE: Duration = Duration::from_secs(60);
/// Requests of which the median is taken.
const LOOKS: u32 = 20;

#[derive(Debug, clap::Args)]
pub(crate) struct SimulateArgs {
    #[command(flatten)]
    grid: GridArgs,
    /// Simulated devices, with a worker each
    #[arg(long, default_value_t = 64, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    gpus: u32,
}

pub(super) async fn run(args: &SimulateArgs, output: Output) -> anyhow::Result<ExitCode> {
    let read = args.grid.read(output)?;
    let spec = simulated(read.spec, output);
    output.note("SIMULATED: no model is trained; starting a database and a coordinator");
    let lease = LeaseArg { lease_ttl: LEASE };
    let figures =
        Stand::during(None, lease, &output, async |stand| simulate(args, &spec, stand).await).await?;
    output.document(&figures, |screen| figures.write(screen))?;
    for sentence in &figures.wrong {
        output.note(&format!("SIMULATED: {sentence}"));
    }
    Ok(if figures.wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// The grid as it is simulated: without pretrainings, on any device.
fn simulated(mut spec: GridSpec, output: Output) -> GridSpec {
    let pretrainings = spec.backbones.iter_mut().filter_map(|backbone| backbone.pretraining.as_mut());
    for pretraining in pretrainings.filter(|pretraining| pretraining.unavailable.is_none()) {
        pretraining.unavailable = Some("a simulation pretrains nothing".to_owned());
        output.note("SIMULATED: a pretraining is left out; its cells start from the backbone as it is");
    }
    spec.study.resources = Resources::default();
    spec
}

async fn simulate(args: &SimulateArgs, spec: &GridSpec, stand: &Stand) -> anyhow::Result<Figures> {
    let (began, client) = (Instant::now(), stand.client().patient(PATIENCE));
    register(&client, spec).await?;
    client.create_grid(spec).await?;
    let script = Script::new(spec);
    let trials = spec.counts().trials;
    let due = trials * 2 / 5 + script.below(trials / 5 + 1, &["restart"]);
    let restart = Restart { due, coordinator: stand.coordinator() };
    let plan = Plan { gpus: args.gpus, lease: Duration::from_secs(LEASE), restart };
    let mut fleet = Fleet::new(client.clone(), spec, &script, plan);
    let happened = fleet.work().await?;
    let took = began.elapsed();
    let looks = Latencies::default();
    for _ in 0..LOOKS {
        let asked = Instant::now();
        client.grid(&spec.name).await?;
        looks.add(asked.elapsed());
    }
    let grid = client.grid(&spec.name).await?;
    let (cells, mut wrong) = counts::check(stand.database_url(), spec, &grid).await?;
    let checked = check::read(stand.database_url(), fleet.tally()).await?;
    if !checked.is_sound() {
        wrong.push(format!("{} writes were lost and {} doubled", checked.lost, checked.doubled));
    }
    Ok(Figures {
        simulated: true,
        grid: spec.name.clone(),
        gpus: args.gpus,
        seed: spec.seed,
        counts: spec.counts(),
        time: Virtual::new(happened, fleet.spent()),
        restarts: stand.coordinator_deaths(),
        took_s: took.as_secs_f64(),
        get_grid_ms: looks.quantile_ms(0.5),
        cells,
        wrong,
    })
}

/// Makes everything up that the grid names.
async fn register(client: &Client, spec: &GridSpec) -> anyhow::Result<()> {
    for dataset in spec.datasets.iter().filter(|dataset| dataset.unavailable.is_none()) {
        content::add_dataset(client, &dataset.name).await?;
    }
    let backbones = spec.backbones.iter().filter(|backbone| backbone.unavailable.is_none());
    for (backbone, usual) in backbones.zip(1..) {
        content::add_backbone(client, &backbone.name, backbone.parameters.unwrap_or(usual * 1_000_000))
            .await?;
    }
    Ok(())
}
