//! `pedigree gc`: frees space on the coordinator's disk.

use pedigree_protocol::upkeep::{Removed, Retention};

use crate::connection::Connection;
use crate::output::{Output, bytes, table, write_table};

#[derive(Debug, clap::Args)]
pub(crate) struct GcArgs {
    /// Only show what would be deleted
    #[arg(long)]
    dry_run: bool,
    /// Delete only from studies that ended at least this many days ago
    #[arg(long, default_value_t = 30, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(0..=36_500))]
    days: u32,
    /// Number of trials of each study that keep their files and logs, best first; the final run always keeps its own
    #[arg(long, default_value_t = 3, value_name = "N")]
    keep_best: u32,
}

/// Deletes adapters, predictions and logs of trials that nobody needs any more, and artifacts that nothing references.
pub(crate) async fn run(args: GcArgs, connection: &Connection, output: Output) -> anyhow::Result<()> {
    let wanted = Retention { days: args.days, keep_best: args.keep_best, dry_run: args.dry_run };
    let removed = connection.client()?.make_room(&wanted).await?;
    output.document(&removed, |screen| {
        if !removed.studies.is_empty() {
            write_table(screen, &studies(&removed))?;
        }
        let verb = if args.dry_run { "would be" } else { "were" };
        let (files, size) = (removed.contents, bytes(removed.content_bytes));
        writeln!(screen, "{files} files ({size}) {verb} deleted from the artifact store")
    })
}

fn studies(removed: &Removed) -> comfy_table::Table {
    let rows = removed.studies.iter().map(|study| {
        let (files, logs) = (bytes(study.file_bytes), bytes(study.log_bytes));
        vec![study.study.clone(), study.trials.to_string(), study.files.to_string(), files, logs]
    });
    table(&["study", "trials", "files", "size", "live logs"], &[1, 2, 3, 4], rows)
}
