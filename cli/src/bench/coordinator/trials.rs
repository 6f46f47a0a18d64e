//! `pedigree bench trials`: how many trials end each second on one study, when training takes no time.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::try_join_all;
use pedigree_protocol::Method;
use pedigree_protocol::lease::AttemptWrite;
use serde::Serialize;

use super::content::EPOCHS;
use super::{content, history};
use crate::method::method;
use crate::output::{Output, write_facts};
use crate::serve::LeaseArg;
use crate::simulated::SimulatedWorker;
use crate::simulated::check::{self, Checked};
use crate::simulated::results::{completed, reports, together};
use crate::simulated::tally::{Latencies, Tally};
use crate::up::Stand;

/// Start, reports and end of a trial.
const WRITES: u32 = EPOCHS + 2;
const STUDY: &str = "bench-trials";
/// Warm-up before the measurement: a coordinator reads all trials of a study when it first sees it.
const WARM_UP: Duration = Duration::from_secs(2);

#[derive(Debug, clap::Args)]
pub(crate) struct TrialsArgs {
    /// Simulated workers, one device each
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    workers: u32,
    /// Seconds to measure
    #[arg(long, default_value_t = 10, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    duration: u64,
    /// Finished trials that the study starts with
    #[arg(long, default_value_t = 0, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=100_000))]
    history: u32,
    /// Method that proposes the trials
    #[arg(long, value_name = "NAME", default_value = Method::Random.as_str(), value_parser = method())]
    method: Method,
    /// Writes in one request, of the 12 of a trial: start, 10 epoch reports, end
    #[arg(long, default_value_t = WRITES, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(WRITES)))]
    batch: u32,
    /// Postgres database to use instead of a private one; what the measurement writes stays in it
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
}

#[derive(Debug, Serialize)]
struct Report {
    trials_per_s: f64,
    /// From asking for a trial to having it.
    claim_median_ms: f64,
    claim_p99_ms: f64,
    #[serde(flatten)]
    checked: Checked,
    workers: u32,
    history: u32,
    method: Method,
    batch: u32,
}

pub(crate) async fn run(args: TrialsArgs, output: Output) -> anyhow::Result<ExitCode> {
    let database = args.database_url.clone();
    let report = Stand::during(database, LeaseArg::default(), &output, async |stand| {
        measure(&args, stand, &output).await
    })
    .await?;
    output.document(&report, |screen| {
        let facts = [
            ("trials", format!("{:.1} /s", report.trials_per_s)),
            ("claim", format!("median {:.1} ms, p99 {:.1} ms", report.claim_median_ms, report.claim_p99_ms)),
            ("lost", report.checked.lost.to_string()),
            ("doubled", report.checked.doubled.to_string()),
        ];
        write_facts(screen, &facts)
    })?;
    Ok(if report.checked.is_sound() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

async fn measure(args: &TrialsArgs, stand: &Stand, output: &Output) -> anyhow::Result<Report> {
    let (client, tally) = (stand.client(), Arc::new(Tally::default()));
    content::register(&client).await?;
    client.create_study(&content::study(STUDY, args.method, args.workers, content::WITHOUT_END)?).await?;
    history::insert(stand.database_url(), STUDY, args.history).await?;
    history::analyze(stand.database_url()).await?;
    let fleet: Vec<SimulatedWorker> =
        (0..args.workers).map(|_| SimulatedWorker::new(client.clone(), tally.clone())).collect();
    try_join_all(fleet.iter().map(SimulatedWorker::hello)).await?;
    output.note(&format!("{} workers for {} s", args.workers, args.duration));
    let all = async |length: Duration, claims: &Latencies| {
        let until = Instant::now() + length;
        try_join_all(fleet.iter().map(|worker| train(worker, args.batch, until, claims))).await
    };
    all(WARM_UP, &Latencies::default()).await?;
    let (claims, began) = (Latencies::default(), Instant::now());
    let ended = all(Duration::from_secs(args.duration), &claims).await?;
    let trials_per_s = f64::from(ended.iter().sum::<u32>()) / began.elapsed().as_secs_f64();
    Ok(Report {
        trials_per_s,
        claim_median_ms: claims.quantile_ms(0.5),
        claim_p99_ms: claims.quantile_ms(0.99),
        checked: check::read(stand.database_url(), &tally).await?,
        workers: args.workers,
        history: args.history,
        method: args.method,
        batch: args.batch,
    })
}

/// Runs one trial after the other; returns how many ended.
async fn train(
    worker: &SimulatedWorker,
    batch: u32,
    until: Instant,
    claims: &Latencies,
) -> anyhow::Result<u32> {
    let mut ended = 0;
    while Instant::now() < until {
        let asked = Instant::now();
        let grant = worker.claim().await?;
        claims.add(asked.elapsed());
        let mut writes = vec![AttemptWrite::Start];
        writes.extend(reports(1, EPOCHS));
        writes.push(completed(&grant, i32::try_from(EPOCHS)?));
        for writes in writes.chunks(batch as usize) {
            worker.write(&grant, &together(writes.to_vec())).await?;
        }
        ended += 1;
    }
    Ok(ended)
}
