//! `pedigree study retry`: failed trials once more.

use std::io::{self, Write};

use pedigree_protocol::client::Client;
use pedigree_protocol::run::FailureCause;
use pedigree_protocol::study::{Retried, RetryFailed};

use super::named::Named;
use super::state::study_state;
use crate::output::Output;
use crate::run::name;

#[derive(Debug, clap::Args)]
pub(crate) struct RetryArgs {
    #[command(flatten)]
    study: Named,
    /// Retry all failed trials; required
    #[arg(long, required = true)]
    failed: bool,
    /// Retry only trials that failed with this cause; may be repeated
    #[arg(long = "cause", value_name = "CAUSE", value_parser = cause)]
    causes: Vec<FailureCause>,
}

fn cause(text: &str) -> Result<FailureCause, String> {
    let found = FailureCause::ALL.into_iter().find(|cause| cause.as_str() == text);
    found.ok_or_else(|| {
        let known = FailureCause::ALL.map(FailureCause::as_str).join(", ");
        format!("there is no cause {text:?}; known: {known}")
    })
}

pub(super) async fn run(client: &Client, args: &RetryArgs, output: Output) -> anyhow::Result<()> {
    let which = RetryFailed { causes: args.causes.clone() };
    let retried = client.retry_failed(&args.study.study, &which).await?;
    output.document(&retried, |screen| write(screen, &retried))
}

/// Writes a line for each run.
pub(crate) fn write(screen: &mut dyn Write, retried: &Retried) -> io::Result<()> {
    for run in &retried.runs {
        writeln!(screen, "{} waits for a worker again", name(run))?;
    }
    for sentence in &retried.left {
        writeln!(screen, "not retried: {sentence}")?;
    }
    writeln!(screen, "study {} is {}", retried.study.spec.name, study_state(retried.study.state))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    #[test]
    fn causes_are_read_by_name() {
        assert_eq!(cause("crashed"), Ok(FailureCause::Crashed));
        assert!(cause("nan").unwrap_err().ends_with("lost, device, invalid_job, timeout, host"));
    }

    #[test]
    fn what_was_tried_again_and_what_was_left_is_said() {
        let left = vec!["trial 2: it did not fail".to_owned()];
        let runs = vec![fixtures::trial(1, "waiting", None)];
        let retried = Retried { study: fixtures::study(), runs, left };
        let mut text = Vec::new();
        write(&mut text, &retried).unwrap();
        insta::assert_snapshot!(String::from_utf8(text).unwrap(), @"
        trial 1 waits for a worker again
        not retried: trial 2: it did not fail
        study try is completed
        ");
    }
}
