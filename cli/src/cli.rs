//! The command line: global flags and the list of sub-commands.

use clap::{Parser, Subcommand};

use crate::connection::Connection;
use crate::telemetry::LogArgs;
use crate::{
    backbone, bench, compare, dapt, data, doctor, evaluate, export, gc, gpu, grid, predict, sampler, serve,
    study, sweep, test_run, token, train, trial, up, worker,
};

/// Finds the best fine-tuned model for each dataset, and can prove how it got there.
#[derive(Debug, Parser)]
#[command(name = "pedigree", version, propagate_version = true, max_term_width = 110)]
pub(crate) struct Cli {
    /// Print the result on stdout as one JSON document
    #[arg(long, global = true, help_heading = "Global options")]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) connection: Connection,
    #[command(flatten)]
    pub(crate) log: LogArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start Pedigree on this machine: a private database, the coordinator and a worker
    Up(up::UpArgs),
    /// Register and show datasets
    Data {
        #[command(subcommand)]
        command: data::DataCommand,
    },
    /// Register and show backbones
    Backbone {
        #[command(subcommand)]
        command: backbone::BackboneCommand,
    },
    /// Check a search-space file, or run the study that it describes
    Sweep {
        #[command(subcommand)]
        command: sweep::SweepCommand,
    },
    /// Check a grid file, or plan the searches over datasets x backbones that it describes
    Grid {
        #[command(subcommand)]
        command: grid::GridCommand,
    },
    /// Show, follow and control studies
    Study {
        #[command(subcommand)]
        command: study::StudyCommand,
    },
    /// Show and control the trials of a study
    Trial {
        #[command(subcommand)]
        command: trial::TrialCommand,
    },
    /// Use a sampler on its own, without a study
    Sampler {
        #[command(subcommand)]
        command: sampler::SamplerCommand,
    },
    /// Run a worker on this machine's devices, or list and control workers
    Worker(worker::WorkerArgs),
    /// List the GPUs of all workers
    Gpu {
        #[command(subcommand)]
        command: gpu::GpuCommand,
    },
    /// Create, list and revoke access tokens
    Token {
        #[command(subcommand)]
        command: token::TokenCommand,
    },
    /// Print a link that logs a browser in to the dashboard
    Login,
    /// Run a coordinator on a Postgres database
    Serve(serve::ServeArgs),
    /// Check this machine and its coordinator, and say how to fix what is wrong
    Doctor(doctor::DoctorArgs),
    /// Delete files and logs of ended studies, except those of their best trials and final runs, and stored files that
    /// nothing uses
    Gc(gc::GcArgs),
    /// Measure the performance of this machine
    Bench {
        #[command(subcommand)]
        command: bench::BenchCommand,
    },
    /// Train once from a job file, without a server
    Train(train::TrainArgs),
    /// Score trained models on a test split from a job file, without a server
    #[command(hide = true)]
    Test(test_run::TestArgs),
    /// Adapt a backbone to raw text (domain-adaptive pretraining)
    ///
    /// With a job file or flags it pretrains in this process, without a server. The sub-commands queue a pretraining for
    /// the workers, follow it and control it.
    #[command(visible_alias = "pretraining")]
    Dapt(dapt::DaptArgs),
    /// Score an adapter on a corpus and show its mistakes
    Evaluate(evaluate::EvaluateArgs),
    /// Find entities in text with an adapter
    Predict(predict::PredictArgs),
    /// Test whether one model is significantly better than another, from their predictions
    Compare(compare::CompareArgs),
    /// Write an adapter and its backbone as one model for the transformers library
    Export(export::ExportArgs),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn global_flags_may_follow_the_command() {
        let cli = Cli::parse_from(["pedigree", "study", "list", "--json", "--server", "http://h:1"]);
        assert!(cli.json);
        assert_eq!(cli.connection.server.as_deref(), Some("http://h:1"));
    }
}
