//! The command line: global flags and the list of sub-commands.

use clap::{Parser, Subcommand};

use crate::connection::Connection;
use crate::telemetry::LogArgs;
use crate::{
    backbone, bench, compare, dapt, data, doctor, evaluate, export, gc, gpu, predict, sampler, serve, study,
    sweep, token, train, trial, up, worker,
};

/// Finds the best fine-tuned model for each dataset, and can prove how it got there.
#[derive(Debug, Parser)]
#[command(name = "pedigree", version, propagate_version = true, max_term_width = 110)]
pub(crate) struct Cli {
    /// Print one JSON document on stdout and nothing else there
    #[arg(long, global = true)]
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
    /// Start everything on this machine: a private Postgres, the coordinator, a worker
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
    /// Check and run search-space files
    Sweep {
        #[command(subcommand)]
        command: sweep::SweepCommand,
    },
    /// Show, follow and cancel studies
    Study {
        #[command(subcommand)]
        command: study::StudyCommand,
    },
    /// Show trials and their logs
    Trial {
        #[command(subcommand)]
        command: trial::TrialCommand,
    },
    /// Use a sampler without a study
    Sampler {
        #[command(subcommand)]
        command: sampler::SamplerCommand,
    },
    /// Offer this machine's devices to a coordinator, or list the workers
    Worker(worker::WorkerArgs),
    /// Show the GPUs of all workers
    Gpu {
        #[command(subcommand)]
        command: gpu::GpuCommand,
    },
    /// Make, list and revoke tokens
    Token {
        #[command(subcommand)]
        command: token::TokenCommand,
    },
    /// Print a link that logs a browser in
    Login,
    /// Run a coordinator
    Serve(serve::ServeArgs),
    /// Look whether this machine and its coordinator are as they should be
    Doctor(doctor::DoctorArgs),
    /// Make room: remove files and logs that ended studies need no longer
    Gc(gc::GcArgs),
    /// Measure how much this machine carries
    Bench {
        #[command(subcommand)]
        command: bench::BenchCommand,
    },
    /// Run one training from a job file, without any server
    Train(train::TrainArgs),
    /// Adapt a backbone to raw text by masked-language modelling: here from a job file, or as a run that a worker takes
    Dapt(dapt::DaptArgs),
    /// Score an adapter on a corpus, with its mistakes
    Evaluate(evaluate::EvaluateArgs),
    /// Find entities in text with an adapter
    Predict(predict::PredictArgs),
    /// Test whether one system is better than another, from their predictions
    Compare(compare::CompareArgs),
    /// Write an adapter and its backbone as one model for transformers
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
