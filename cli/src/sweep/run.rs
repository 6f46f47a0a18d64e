//! `pedigree sweep run`: creates the study and follows it.

use std::process::ExitCode;

use super::args::SweepArgs;
use super::names::check_names;
use crate::connection::Connection;
use crate::output::Output;
use crate::study::outcome::{Outcome, write_created};
use crate::study::watch;

#[derive(Debug, clap::Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    sweep: SweepArgs,
    /// Create the study and return at once, without following it
    #[arg(long)]
    detach: bool,
}

pub(super) async fn run(args: &RunArgs, connection: &Connection, output: Output) -> anyhow::Result<ExitCode> {
    let file = args.sweep.read(output)?;
    let overrides = args.sweep.overrides();
    let spec = file.spec(&overrides)?;
    let client = connection.client()?;
    check_names(&client, &file, &spec, &overrides).await??;
    let study = client.create_study(&spec).await?;
    if args.detach {
        let outcome = Outcome::new(study, Vec::new(), &client);
        output.document(&outcome, |screen| write_created(screen, &outcome))?;
        return Ok(ExitCode::SUCCESS);
    }
    watch::to_the_end(&client, study, output).await
}
