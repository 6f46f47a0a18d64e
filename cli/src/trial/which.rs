//! The run of a study that a command is about.

use anyhow::bail;
use pedigree_protocol::client::Client;
use pedigree_protocol::run::{Run, RunFilter, RunKind};

use crate::study::named::Named;

#[derive(Debug, clap::Args)]
pub(crate) struct Numbered {
    #[command(flatten)]
    study: Named,
    /// Number of the trial, or `final` for the final run
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
    Final,
}

impl Which {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        match (text, text.parse()) {
            ("final", _) => Ok(Self::Final),
            (_, Ok(number)) if number > 0 => Ok(Self::Trial(number)),
            _ => Err("give a number from 1, or final".to_owned()),
        }
    }

    /// Finds that run of a study.
    pub(crate) async fn find(self, study: &str, client: &Client) -> anyhow::Result<Run> {
        match self {
            Self::Final => {
                let filter = RunFilter { kind: Some(RunKind::Final), ..RunFilter::default() };
                match client.list_runs(study, &filter, Some(1)).await?.items.pop() {
                    Some(run) => Ok(run),
                    None => bail!("study {study} has no final run yet"),
                }
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_named_by_number_or_as_final() {
        assert_eq!(Which::parse("7"), Ok(Which::Trial(7)));
        assert_eq!(Which::parse("final"), Ok(Which::Final));
        for bad in ["0", "-1", "last", ""] {
            assert!(Which::parse(bad).is_err(), "{bad}");
        }
    }
}
