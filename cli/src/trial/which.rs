//! The run of a study that a command is about.

use anyhow::bail;
use pedigree_protocol::client::Client;
use pedigree_protocol::run::{Run, RunFilter, RunKind};

use crate::study::named::Named;

#[derive(Debug, clap::Args)]
pub(crate) struct Numbered {
    #[command(flatten)]
    study: Named,
    /// Number of the trial; `final` for the final run, `final:2` for the second of several; `test` for the test run
    #[arg(value_parser = Which::parse)]
    number: Which,
}

impl Numbered {
    pub(super) async fn find(&self, client: &Client) -> anyhow::Result<Run> {
        self.number.find(&self.study.study, client).await
    }
}

/// One run of a study.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    Trial(i32),
    Final(i32),
    Test,
}

impl Which {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let number = |text: &str| text.parse().ok().filter(|number| *number > 0);
        match text {
            "final" => Some(Self::Final(1)),
            "test" => Some(Self::Test),
            _ => match text.strip_prefix("final:") {
                Some(replicate) => number(replicate).map(Self::Final),
                None => number(text).map(Self::Trial),
            },
        }
        .ok_or_else(|| "give a number from 1, final, final:2 or test".to_owned())
    }

    /// Finds that run of a study.
    pub(crate) async fn find(self, study: &str, client: &Client) -> anyhow::Result<Run> {
        match self {
            Self::Final(replicate) => {
                let finals = of_kind(client, study, RunKind::Final).await?;
                let count = finals.len();
                match finals.into_iter().find(|run| run.replicate == Some(replicate)) {
                    Some(run) => Ok(run),
                    None if count == 0 => bail!("study {study} has no final run yet"),
                    None => bail!("study {study} has no final run {replicate}; it has {count}"),
                }
            }
            Self::Test => match of_kind(client, study, RunKind::Test).await?.pop() {
                Some(run) => Ok(run),
                None => bail!("study {study} has no test run yet"),
            },
            Self::Trial(number) => {
                let runs = client.runs(study).await?;
                let last = runs.iter().filter_map(|run| run.number).max();
                if let Some(run) = runs.into_iter().find(|run| run.number == Some(number)) {
                    return Ok(run);
                }
                let known = last.map_or("none yet".to_owned(), |last| format!("1 to {last}"));
                bail!("study {study} has no trial {number}; its trials: {known}")
            }
        }
    }
}

async fn of_kind(client: &Client, study: &str, kind: RunKind) -> anyhow::Result<Vec<Run>> {
    let filter = RunFilter { kind: Some(kind), ..RunFilter::default() };
    Ok(client.list_runs(study, &filter, None).await?.items)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_named_by_number_or_as_final() {
        assert_eq!(Which::parse("7"), Ok(Which::Trial(7)));
        assert_eq!(Which::parse("final"), Ok(Which::Final(1)));
        assert_eq!(Which::parse("final:3"), Ok(Which::Final(3)));
        assert_eq!(Which::parse("test"), Ok(Which::Test));
        for bad in ["0", "-1", "last", "", "final:", "final:0", "final:x"] {
            assert!(Which::parse(bad).is_err(), "{bad}");
        }
    }
}
