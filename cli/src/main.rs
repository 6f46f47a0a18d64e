//! The `pedigree` binary: one file per sub-command over the library crates. Only this crate knows all of them.

mod attempt;
mod backbone;
mod bench;
mod cli;
mod compare;
mod connection;
mod dapt;
mod data;
mod doctor;
mod evaluate;
mod exit_code;
mod export;
mod fetch;
#[cfg(test)]
mod fixtures;
mod follow;
mod gc;
mod gpu;
mod grid;
mod kernels;
mod leaderboard;
mod listing;
mod method;
mod model;
mod output;
mod params;
mod predict;
mod progress;
mod queue;
mod run;
mod sampler;
mod serve;
mod shutdown;
mod simulated;
mod study;
mod sweep;
mod telemetry;
mod test_run;
mod test_score;
mod token;
mod train;
mod trial;
mod up;
mod upload;
mod worker;

use std::process::ExitCode;

use clap::Parser as _;

use cli::{Cli, Command};
use output::Output;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return Output::usage(&error),
    };
    let output = Output::new(cli.json);
    execute(cli, output).unwrap_or_else(|error| output.failure(&error))
}

fn execute(cli: Cli, output: Output) -> anyhow::Result<ExitCode> {
    let is_service = matches!(cli.command, Command::Serve(_) | Command::Worker(_) | Command::Up(_));
    let collector = match &cli.command {
        Command::Serve(args) => args.otlp_endpoint.as_deref(),
        _ => None,
    };
    // Kept until the end: dropping it sends the last traces.
    let _traces = telemetry::start(&cli.log, is_service, collector)?;
    // Before any thread exists, since the process may start itself again.
    match &cli.command {
        Command::Bench { command } => command.settle()?,
        Command::Evaluate(_) | Command::Predict(_) | Command::Export(_) => kernels::settle(None)?,
        _ => {}
    }
    match cli.command {
        // The trainer is synchronous and takes all cores, so it runs without the async runtime.
        Command::Train(args) => train::run(&args, output),
        Command::Test(args) => test_run::run(&args, output),
        Command::Sampler { command } => sampler::run(&command).map(|()| ExitCode::SUCCESS),
        Command::Export(args) => export::run(&args, output).map(|()| ExitCode::SUCCESS),
        Command::Dapt(dapt::DaptArgs { command: None, local }) => dapt::run(&local, output),
        command => {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            runtime.block_on(dispatch(command, cli.connection, output))
        }
    }
}

async fn dispatch(
    command: Command,
    connection: connection::Connection,
    output: Output,
) -> anyhow::Result<ExitCode> {
    match command {
        Command::Up(args) => up::run(args, output).await?,
        Command::Data { command } => data::run(command, &connection, output).await?,
        Command::Backbone { command } => backbone::run(command, &connection, output).await?,
        Command::Grid { command } => return grid::run(command, &connection, output).await,
        Command::Sweep { command } => return sweep::run(command, &connection, output).await,
        Command::Study { command } => return study::run(command, &connection, output).await,
        Command::Trial { command } => trial::run(command, &connection, output).await?,
        Command::Evaluate(args) => evaluate::run(args, &connection, output).await?,
        Command::Predict(args) => predict::run(args, &connection, output).await?,
        Command::Compare(args) => compare::run(&args, output)?,
        Command::Worker(args) => worker::run(args, &connection, output).await?,
        Command::Gpu { command } => gpu::run(command, &connection, output).await?,
        Command::Token { command } => token::run(command, &connection, output).await?,
        Command::Login => token::login(&connection, output).await?,
        Command::Serve(args) => serve::run(args, &connection, output).await?,
        Command::Doctor(args) => return doctor::run(args, &connection, output).await,
        Command::Gc(args) => gc::run(args, &connection, output).await?,
        Command::Bench { command } => return bench::run(command, output).await,
        Command::Dapt(dapt::DaptArgs { command: Some(command), .. }) => {
            return dapt::ask(command, &connection, output).await;
        }
        Command::Train(_)
        | Command::Test(_)
        | Command::Dapt(_)
        | Command::Export(_)
        | Command::Sampler { .. } => {}
    }
    Ok(ExitCode::SUCCESS)
}
