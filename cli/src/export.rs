//! `pedigree export`: a trained adapter as a model that needs neither Pedigree nor PEFT.

use std::path::PathBuf;

use pedigree_trainer_core::export_merged;
use serde_json::json;

use crate::output::Output;

#[derive(Debug, clap::Args)]
pub(crate) struct ExportArgs {
    /// Folder of the adapter, made by Pedigree or by PEFT
    #[arg(long, value_name = "DIR")]
    adapter: PathBuf,
    /// Folder of the backbone that it was trained on
    #[arg(long, value_name = "DIR")]
    backbone: PathBuf,
    /// Merge the adapter into the backbone's weights; required, since an unmerged adapter already loads in PEFT
    #[arg(long)]
    merged: bool,
    /// Folder to write to; created if it does not exist
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub(crate) fn run(args: &ExportArgs, output: Output) -> anyhow::Result<()> {
    if !args.merged {
        anyhow::bail!(
            "{} already loads in PEFT; add --merged for a model that does not need PEFT",
            args.adapter.display()
        );
    }
    let files = export_merged(&args.adapter, &args.backbone, &args.out)?;
    let document = json!({ "folder": args.out, "files": files });
    output.document(&document, |screen| {
        files.iter().try_for_each(|file| writeln!(screen, "{}", file.display()))
    })
}
