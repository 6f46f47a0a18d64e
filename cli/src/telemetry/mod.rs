//! The log, which goes to stderr so that stdout holds only results, and traces where a collector is named.

mod traces;

use anyhow::Context;
use clap::ValueEnum;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

use traces::Traces;

/// Global flags of the log.
#[derive(Debug, clap::Args)]
pub(crate) struct LogArgs {
    /// What to log, such as `info` or `pedigree_worker=debug` [default: info for services, else warn]
    #[arg(
        long = "log",
        global = true,
        help_heading = "Global options",
        env = "PEDIGREE_LOG",
        value_name = "FILTER",
        hide_env_values = true
    )]
    filter: Option<String>,
    /// Format of the log
    #[arg(
        long,
        global = true,
        help_heading = "Global options",
        env = "PEDIGREE_LOG_FORMAT",
        value_enum,
        default_value = "text"
    )]
    log_format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// Starts the log of this process and, with a collector, its traces. Traces are sent until the returned value is
/// dropped.
pub(crate) fn start(
    args: &LogArgs,
    is_service: bool,
    collector: Option<&str>,
) -> anyhow::Result<Option<Traces>> {
    let default = if is_service { "info,sqlx=warn" } else { "warn" };
    let filter = args.filter.as_deref().unwrap_or(default);
    let filter: EnvFilter = filter
        .parse()
        .with_context(|| format!("--log {filter:?} is not a filter; write e.g. info or sqlx=debug"))?;
    // A variable that is set to nothing counts as not set.
    let traces = collector.filter(|url| !url.is_empty()).map(Traces::start).transpose()?;
    let log = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let log = match args.log_format {
        Format::Text => log.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).boxed(),
        Format::Json => log.json().boxed(),
    };
    let subscriber = tracing_subscriber::registry().with(traces.as_ref().map(Traces::layer));
    subscriber.with(log.with_filter(filter)).init();
    Ok(traces)
}
