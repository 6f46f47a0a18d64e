//! What the commands of studies and pretrainings have in common: both stand in the queue.

use clap::builder::RangedI64ValueParser;
use pedigree_protocol::queue::{LEAST_PRIORITY, MOST_PRIORITY, Priority};
use pedigree_protocol::resources::Pause;

#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct HoldFlags {
    /// Stop what is running at once and keep its progress, instead of letting it finish
    #[arg(long)]
    now: bool,
}

#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct PriorityArg {
    /// Priority from -100 to 100; among work waiting for the same devices, the highest goes first
    #[arg(allow_negative_numbers = true, value_parser = priorities())]
    priority: i32,
}

/// Reads a priority and refuses one that is out of bounds.
pub(crate) fn priorities() -> RangedI64ValueParser<i32> {
    clap::value_parser!(i32).range(i64::from(LEAST_PRIORITY)..=i64::from(MOST_PRIORITY))
}

impl From<HoldFlags> for Pause {
    fn from(args: HoldFlags) -> Self {
        Self { now: args.now }
    }
}

impl From<PriorityArg> for Priority {
    fn from(args: PriorityArg) -> Self {
        Self { priority: args.priority }
    }
}
