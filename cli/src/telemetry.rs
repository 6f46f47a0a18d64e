//! The log: always on stderr, so that stdout stays the result's.

use anyhow::Context;
use clap::ValueEnum;
use tracing_subscriber::EnvFilter;

/// Global flags of the log.
#[derive(Debug, clap::Args)]
pub(crate) struct LogArgs {
    /// What is logged, such as `info` or `pedigree_worker=debug` [default: info for services, else warn]
    #[arg(long = "log", global = true, env = "PEDIGREE_LOG", value_name = "FILTER", hide_env_values = true)]
    filter: Option<String>,
    /// How it is logged
    #[arg(long, global = true, env = "PEDIGREE_LOG_FORMAT", value_enum, default_value = "text")]
    log_format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// Starts the log of this process.
pub(crate) fn start(args: &LogArgs, is_service: bool) -> anyhow::Result<()> {
    let default = if is_service { "info,sqlx=warn" } else { "warn" };
    let filter = args.filter.as_deref().unwrap_or(default);
    let filter: EnvFilter = filter
        .parse()
        .with_context(|| format!("--log {filter:?} is no filter; write e.g. info or sqlx=debug"))?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match args.log_format {
        Format::Text => log.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).init(),
        Format::Json => log.json().init(),
    }
    Ok(())
}
