//! `pedigree doctor`: checks this machine and its coordinator. Each finding comes with its fix.
//!
//! Owns the order and the exit code. The coordinator checks the database; [`local`] checks this machine.

mod local;

use std::process::ExitCode;

use pedigree_protocol::ErrorCode;
use pedigree_protocol::client::Client;
use pedigree_protocol::upkeep::{Diagnosis, Finding, Level};
use serde_json::json;

use crate::connection::{Connection, data_folder};
use crate::output::{Output, table, write_table};

#[derive(Debug, clap::Args)]
pub(crate) struct DoctorArgs {
    /// Postgres database to check when no coordinator answers
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database_url: Option<String>,
}

/// Checks everything; fails if anything does not work.
pub(crate) async fn run(
    args: DoctorArgs,
    connection: &Connection,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let mut findings = coordinator(&args, &connection.client()?).await;
    findings.extend([local::gpus(), local::disk(&data_folder()), local::postgres()]);
    let worst = findings.iter().map(|finding| finding.level).max().unwrap_or(Level::Ok);
    output.document(&json!({ "worst": worst, "findings": findings }), |screen| {
        let rows = findings.iter().map(|f| vec![f.check.clone(), f.level.to_string(), f.finding.clone()]);
        write_table(screen, &table(&["check", "level", "finding"], &[], rows))?;
        for finding in &findings {
            if let Some(fix) = &finding.fix {
                writeln!(screen, "\n{}: {}\n  to do: {fix}", finding.check, finding.finding)?;
            }
        }
        Ok(())
    })?;
    Ok(if worst == Level::Failure { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

/// The coordinator's findings about itself and its database. If it does not answer, those about the database.
async fn coordinator(args: &DoctorArgs, client: &Client) -> Vec<Finding> {
    let asked = local::Clock::start();
    match client.diagnosis().await {
        Ok(diagnosis) => {
            let clock = asked.compare(diagnosis.database_time);
            let mut findings = vec![version(client, &diagnosis), clock];
            findings.extend(diagnosis.findings);
            findings
        }
        Err(error) => {
            let fix = match error.code() {
                Some(ErrorCode::Unauthorized | ErrorCode::Forbidden) => {
                    "give another token with --token or PEDIGREE_TOKEN: `pedigree token create NAME --role ROLE` makes one"
                }
                _ => "start one with `pedigree up`, or name the one that runs with --server and --token",
            };
            let mut findings = vec![Finding::failure("coordinator", error.to_string(), fix)];
            if let Some(url) = &args.database_url {
                findings.extend(database(url).await);
            }
            findings
        }
    }
}

fn version(client: &Client, diagnosis: &Diagnosis) -> Finding {
    let (theirs, ours) = (&diagnosis.version, env!("CARGO_PKG_VERSION"));
    let said = format!("{} answers, version {theirs}", client.server());
    if theirs == ours {
        return Finding::ok("coordinator", said);
    }
    Finding::warning(
        "coordinator",
        format!("{said}; this program is {ours}"),
        "install the same version on both",
    )
}

async fn database(url: &str) -> Vec<Finding> {
    match pedigree_orchestrator::diagnose(url).await {
        Ok(diagnosis) => diagnosis.findings,
        Err(error) => vec![Finding::failure(
            "database",
            format!("{:#}", anyhow::Error::from(error)),
            "check the URL, and that the server runs",
        )],
    }
}
