//! How large the measurement is.

use std::time::Duration;

use pedigree_protocol::Method;

use crate::method::method;

#[derive(Debug, clap::Args)]
pub(crate) struct CoordinatorArgs {
    /// Simulated workers, one device each
    #[arg(long, default_value_t = 1000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(super) workers: u32,
    /// Trials that end each second during the turnover phase
    #[arg(long, default_value_t = 64, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(super) turnover: u32,
    /// Finished trials that each study of the turnover phase starts with
    #[arg(long, default_value_t = 1000, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=100_000))]
    pub(super) trials: u32,
    /// Epoch reports in one request
    #[arg(long, default_value_t = 10, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(super) batch: u32,
    /// Seconds of the turnover phase
    #[arg(long, default_value_t = 20, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(super) duration: u64,
    /// Method by which the studies of the turnover phase propose trials
    #[arg(long, value_name = "NAME", default_value = Method::Tpe.as_str(), value_parser = method())]
    pub(super) method: Method,
    /// Postgres database to use instead of a private one; what the measurement writes stays in it
    #[arg(long, value_name = "URL")]
    pub(super) database_url: Option<String>,
}

impl CoordinatorArgs {
    pub(super) const fn duration(&self) -> Duration {
        Duration::from_secs(self.duration)
    }
}
