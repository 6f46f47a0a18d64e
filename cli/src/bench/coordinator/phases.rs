//! The phases of the measurement, in order: claims, reports, heartbeats, and the turnover of trials.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use futures::future::try_join_all;
use pedigree_protocol::Method;
use pedigree_protocol::lease::{AttemptWrite, LeaseGrant};
use serde::Serialize;

use super::args::CoordinatorArgs;
use super::turnover::{self, Turnover};
use super::{content, history};
use crate::output::Output;
use crate::simulated::SimulatedWorker;
use crate::simulated::results::{released, reports, together};
use crate::simulated::tally::Tally;
use crate::up::Stand;

const CLAIM_ROUNDS: u32 = 3;
const REPORTING: Duration = Duration::from_secs(5);
const BEATING: Duration = Duration::from_secs(3);

/// The figures.
#[derive(Debug, Serialize)]
pub(super) struct Measured {
    #[serde(flatten)]
    pub(super) capacity: Capacity,
    #[serde(flatten)]
    pub(super) turnover: Turnover,
    /// Requests that had to be sent again.
    repeated: u64,
}

/// What one study lets through.
#[derive(Debug, Serialize)]
pub(super) struct Capacity {
    /// Leases granted per second when all workers ask at once.
    pub(super) claims_per_s: f64,
    /// Epochs stored per second when all workers report as fast as they get answers.
    pub(super) report_points_per_s: f64,
    /// Renewals per second when all workers renew as fast as they get answers.
    pub(super) heartbeats_per_s: f64,
}

/// Runs every phase.
pub(super) async fn run(
    args: &CoordinatorArgs,
    stand: &Stand,
    output: &Output,
) -> anyhow::Result<(Measured, Arc<Tally>)> {
    let (client, tally) = (stand.client(), Arc::new(Tally::default()));
    content::register(&client).await?;
    let fleet: Vec<SimulatedWorker> =
        (0..args.workers).map(|_| SimulatedWorker::new(client.clone(), tally.clone())).collect();
    output.note(&format!("{} workers say hello", args.workers));
    try_join_all(fleet.iter().map(SimulatedWorker::hello)).await?;
    let capacity = capacity(args, stand, &fleet, output).await?;
    let turnover = turnover::run(args, stand, &fleet, output).await?;
    let repeated = tally.repetitions();
    Ok((Measured { capacity, turnover, repeated }, tally))
}

/// Measures with a study of random trials, which cost nothing to propose.
async fn capacity(
    args: &CoordinatorArgs,
    stand: &Stand,
    fleet: &[SimulatedWorker],
    output: &Output,
) -> anyhow::Result<Capacity> {
    let client = stand.client();
    let study = content::study("bench-capacity", Method::Random, args.workers, content::WITHOUT_END)?;
    client.create_study(&study).await.context("creating the study")?;
    // The database does this by itself within a minute of its first rows.
    history::analyze(stand.database_url()).await?;
    output.note(&format!("claims: {CLAIM_ROUNDS} rounds of all workers at once"));
    let mut claiming = Duration::ZERO;
    let mut grants = Vec::new();
    for _ in 0..CLAIM_ROUNDS {
        hand_back(fleet, &grants).await?;
        let began = Instant::now();
        grants = try_join_all(fleet.iter().map(SimulatedWorker::claim)).await?;
        claiming += began.elapsed();
    }
    let claims_per_s = f64::from(CLAIM_ROUNDS * args.workers) / claiming.as_secs_f64();
    let held: Vec<_> = fleet.iter().zip(&grants).collect();
    try_join_all(held.iter().map(|(worker, grant)| worker.write(grant, &AttemptWrite::Start))).await?;
    output.note(&format!("reports: {} s in batches of {}", REPORTING.as_secs(), args.batch));
    let batch = i32::try_from(args.batch)?;
    let next = |sent: i32| together(reports(1 + sent * batch, args.batch));
    let report_points_per_s = f64::from(batch) * closed_loop(&held, REPORTING, next).await?;
    output.note(&format!("heartbeats: {} s", BEATING.as_secs()));
    let heartbeats_per_s = closed_loop(&held, BEATING, |_| AttemptWrite::Renew).await?;
    client.cancel_study("bench-capacity").await?;
    hand_back(fleet, &grants).await?;
    Ok(Capacity { claims_per_s, report_points_per_s, heartbeats_per_s })
}

async fn hand_back(fleet: &[SimulatedWorker], grants: &[LeaseGrant]) -> anyhow::Result<()> {
    let release = released();
    try_join_all(fleet.iter().zip(grants).map(|(worker, grant)| worker.write(grant, &release))).await?;
    Ok(())
}

/// Every worker sends its next write as soon as the last one was answered, for this long. Returns the writes won per
/// second.
async fn closed_loop(
    held: &[(&SimulatedWorker, &LeaseGrant)],
    length: Duration,
    write: impl Fn(i32) -> AttemptWrite,
) -> anyhow::Result<f64> {
    let began = Instant::now();
    let write = &write;
    let one = async |worker: &SimulatedWorker, grant: &LeaseGrant| -> anyhow::Result<u32> {
        let mut won = 0;
        for sent in 0.. {
            if began.elapsed() >= length {
                break;
            }
            won += u32::from(worker.write(grant, &write(sent)).await?);
        }
        Ok(won)
    };
    let won = try_join_all(held.iter().map(|(worker, grant)| one(worker, grant))).await?;
    let total: u32 = won.iter().sum();
    Ok(f64::from(total) / began.elapsed().as_secs_f64())
}
