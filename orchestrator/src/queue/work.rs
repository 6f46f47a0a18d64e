//! What the runs of an entry are given beside their own parameters, as the column `queue.work` holds it.

use pedigree_protocol::ParamValues;
use pedigree_protocol::artifact::Sha256;
use pedigree_protocol::objective::Metric;
use pedigree_protocol::pruner::Pruner;
use serde::{Deserialize, Serialize};

/// Either training on a dataset or pretraining on text. Content is named by its hash.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Work {
    /// The trials and the final run of a study.
    Train {
        fixed: ParamValues,
        metric: Metric,
        #[serde(default)]
        pruner: Pruner,
        train: Sha256,
        dev: Sha256,
    },
    /// The run of a pretraining.
    Adapt { passages: Sha256, held_out: Sha256 },
}

impl Work {
    /// The noun that has such work, with its article.
    pub(crate) const fn noun(&self) -> &'static str {
        match self {
            Self::Train { .. } => "a study",
            Self::Adapt { .. } => "a pretraining",
        }
    }

    /// The parameters that are the same for all runs.
    pub(crate) fn fixed(&self) -> ParamValues {
        match self {
            Self::Train { fixed, .. } => fixed.clone(),
            Self::Adapt { .. } => ParamValues::new(),
        }
    }
}
