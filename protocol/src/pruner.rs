//! The rules that end a trial early because others did better, and their settings, as files and studies carry them.
//!
//! Steps are epochs, counted from 1. Names and defaults are Optuna's where Optuna has the rule. Must not know how a rule
//! decides; that is the sampler crate's `pruner`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A rule that compares trials.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "name", rename_all = "snake_case", deny_unknown_fields)]
pub enum Pruner {
    /// No trial is pruned.
    #[default]
    None,
    /// Prunes a trial that is worse than the median of the others.
    Median {
        /// When it looks.
        #[serde(default)]
        watch: Watch,
    },
    /// Prunes a trial that is not among the best share of the others.
    Percentile {
        /// The share that is kept, in percent, above 0 and below 100.
        keep: f64,
        /// When it looks.
        #[serde(default)]
        watch: Watch,
    },
    /// Asynchronous successive halving: only the best trials of a rung go on.
    Asha {
        /// Epochs before the first rung; absent: a hundredth of the longest completed trial, at least 1.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min_epochs: Option<u32>,
        /// One in this many trials goes on, and each rung is this many times further away; at least 2.
        reduction: u32,
    },
    /// Several halvings side by side, from eager to patient; each trial belongs to one of them by its number.
    Hyperband {
        /// Epochs before the first rung of the most eager halving.
        min_epochs: u32,
        /// Epochs of a whole trial; absent: those of the longest completed trial.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max_epochs: Option<u32>,
        /// As for `asha`.
        reduction: u32,
    },
    /// Prunes a trial that is significantly worse than the best one, epoch by epoch (Wilcoxon's signed-rank test).
    Wilcoxon {
        /// A trial is pruned at a p-value below this.
        p: f64,
        /// Epochs that both trials must have before they are compared.
        startup_steps: u32,
    },
    /// Prunes a trial whose value leaves the bounds or is no number.
    Threshold {
        /// Smallest value.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lower: Option<f64>,
        /// Largest value.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        upper: Option<f64>,
        /// Epochs at the start that are ignored.
        #[serde(default)]
        warmup_steps: u32,
    },
    /// Asks another pruner only once a trial has stopped improving.
    Patient {
        /// Epochs without improvement.
        patience: u32,
        /// The smallest change that counts as an improvement.
        #[serde(default)]
        min_delta: f64,
        /// The pruner that decides then; `none`: the trial is pruned at once.
        #[schema(no_recursion)]
        pruner: Box<Pruner>,
    },
}

/// When a rule that compares a trial with the others is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Watch {
    /// Completed trials before anything is pruned.
    pub startup_trials: u32,
    /// Epochs at the start of each trial that are ignored.
    pub warmup_steps: u32,
    /// Epochs between two comparisons.
    pub interval: u32,
}

impl Default for Watch {
    fn default() -> Self {
        Self { startup_trials: 5, warmup_steps: 0, interval: 1 }
    }
}

impl Pruner {
    /// The names of all pruners.
    pub const NAMES: [&'static str; 8] =
        ["none", "median", "percentile", "asha", "hyperband", "wilcoxon", "threshold", "patient"];

    /// The name in files and tables.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Median { .. } => "median",
            Self::Percentile { .. } => "percentile",
            Self::Asha { .. } => "asha",
            Self::Hyperband { .. } => "hyperband",
            Self::Wilcoxon { .. } => "wilcoxon",
            Self::Threshold { .. } => "threshold",
            Self::Patient { .. } => "patient",
        }
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// The key of the first setting that is out of bounds, and a sentence that says what is wrong.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        let least = |key, value: u32, least: u32| {
            if value >= least { Ok(()) } else { Err((key, format!("{value} is below {least}"))) }
        };
        match self {
            Self::None => Ok(()),
            Self::Median { watch } => least("interval", watch.interval, 1),
            Self::Percentile { keep, watch } => {
                if !(*keep > 0.0 && *keep < 100.0) {
                    return Err((
                        "keep",
                        format!("{keep} is not a share; give a number above 0 and below 100"),
                    ));
                }
                least("interval", watch.interval, 1)
            }
            Self::Asha { min_epochs, reduction } => {
                least("min_epochs", min_epochs.unwrap_or(1), 1)?;
                least("reduction", *reduction, 2)
            }
            Self::Hyperband { min_epochs, max_epochs, reduction } => {
                least("min_epochs", *min_epochs, 1)?;
                least("max_epochs", max_epochs.unwrap_or(*min_epochs), *min_epochs)?;
                least("reduction", *reduction, 2)
            }
            Self::Wilcoxon { p, .. } if !(*p > 0.0 && *p < 1.0) => {
                Err(("p", format!("{p} is not a p-value; give a number above 0 and below 1")))
            }
            Self::Wilcoxon { startup_steps, .. } => least("startup_steps", *startup_steps, 1),
            Self::Threshold { lower: Some(lower), upper: Some(upper), .. } if lower > upper => {
                Err(("lower", format!("{lower} is above upper ({upper}); swap them")))
            }
            Self::Threshold { .. } => Ok(()),
            Self::Patient { pruner, .. } if matches!(**pruner, Self::Patient { .. }) => {
                Err(("pruner", "patient cannot wrap itself; name another pruner".to_owned()))
            }
            Self::Patient { min_delta, .. } if min_delta.is_nan() || *min_delta < 0.0 => {
                Err(("min_delta", format!("{min_delta} is below 0")))
            }
            Self::Patient { pruner, .. } => pruner.check(),
        }
    }
}
