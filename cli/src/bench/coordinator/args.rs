//! How large the measurement is.

use std::time::Duration;

#[derive(Debug, clap::Args)]
pub(crate) struct CoordinatorArgs {
    /// Simulated workers, one device each
    #[arg(long, default_value_t = 1000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(super) workers: u32,
    /// Trials that end each second while the turnover is measured
    #[arg(long, default_value_t = 64, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(super) turnover: u32,
    /// Finished trials of the study that is asked for suggestions
    #[arg(long, default_value_t = 1000, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=100_000))]
    pub(super) trials: u32,
    /// Reports that a worker sends in one request
    #[arg(long, default_value_t = 10, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(super) batch: u32,
    /// Seconds of the turnover
    #[arg(long, default_value_t = 20, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(super) duration: u64,
    /// How that study proposes its trials
    #[arg(long, default_value = "tpe", value_name = "NAME")]
    pub(super) method: String,
    /// Use this database instead of a private cluster; what the measurement writes stays there
    #[arg(long, value_name = "URL")]
    pub(super) database_url: Option<String>,
}

impl CoordinatorArgs {
    pub(super) const fn duration(&self) -> Duration {
        Duration::from_secs(self.duration)
    }
}
