//! `make chaos`: random schedules of faults, several at a time, each judged by the invariants.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser;
use futures::StreamExt as _;
use pedigree_tests::chaos::{Outcome, Schedule, Template, run};

/// Runs studies under random faults and checks what must hold of them
#[derive(Debug, Parser)]
struct Args {
    /// How many schedules
    #[arg(long, default_value_t = 20)]
    seeds: u64,
    /// The first schedule's seed
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// How many at a time
    #[arg(long, default_value_t = 3)]
    jobs: usize,
    /// Only show the schedules
    #[arg(long)]
    dry_run: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let args = Args::parse();
    let seeds = args.from..args.from + args.seeds;
    let mut out = std::io::stdout().lock();
    if args.dry_run {
        for seed in seeds {
            write!(out, "{}", Schedule::of_seed(seed))?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let template = Template::make()?;
    let (mut broken, mut attempts) = (Vec::new(), 0);
    {
        let runs = futures::stream::iter(seeds).map(|seed| run(Schedule::of_seed(seed), &template));
        let mut outcomes = std::pin::pin!(runs.buffer_unordered(args.jobs.max(1)));
        loop {
            let outcome: Outcome = tokio::select! {
                outcome = outcomes.next() => match outcome {
                    Some(outcome) => outcome?,
                    None => break,
                },
                // What runs is dropped, and its processes end with it.
                stopped = tokio::signal::ctrl_c() => break stopped?,
            };
            write!(out, "{outcome}")?;
            out.flush()?;
            attempts += outcome.attempts;
            if !outcome.violations.is_empty() {
                broken.push(outcome.schedule.seed);
            }
        }
    }
    broken.sort_unstable();
    let verdict = if broken.is_empty() { "all held".to_owned() } else { format!("broken: {broken:?}") };
    writeln!(out, "{} schedules, {attempts} attempts: {verdict}", args.seeds)?;
    Ok(if broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
