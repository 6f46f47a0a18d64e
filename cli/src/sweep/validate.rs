//! `pedigree sweep validate`: checks the file, and its names if a server answers.

use serde_json::json;

use super::args::SweepArgs;
use super::names::{check_names, is_absent};
use crate::connection::Connection;
use crate::output::Output;

pub(super) async fn run(args: &SweepArgs, connection: &Connection, output: Output) -> anyhow::Result<()> {
    let file = args.read(output)?;
    let overrides = args.overrides();
    let names = match file.spec(&overrides) {
        Ok(spec) => {
            let client = connection.client()?;
            match check_names(&client, &file, &spec, &overrides).await {
                Ok(known) => {
                    known?;
                    "known to the server".to_owned()
                }
                Err(error) if is_absent(&error) => {
                    format!("not checked: {} does not answer", client.server())
                }
                Err(error) => return Err(error),
            }
        }
        // A file may leave both open. A wrong flag is a problem nevertheless.
        Err(problems) if args.trials == Some(0) => return Err(problems.into()),
        Err(_) => "left open: give --dataset and --backbone".to_owned(),
    };
    let document = json!({
        "file": args.file, "valid": true, "description": file.description(),
        "remarks": file.notes().collect::<Vec<_>>(), "names": names, "read": file.as_read(&overrides),
    });
    output.document(&document, |screen| {
        writeln!(screen, "{} is right; dataset and backbone: {names}", args.file.display())
    })
}
