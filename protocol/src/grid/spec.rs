//! A grid as it is asked for.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::template::StudyTemplate;
use super::variant::Variant;
use crate::artifact::ArtifactFile;
use crate::finals::{FinalData, FinalModel, Finals};
use crate::params::{ParamValues, Scalar};

/// A grid as it is asked for. The texts of its pretrainings are uploaded first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GridSpec {
    /// Unique name, among studies and pretrainings too.
    pub name: String,
    /// What it is for, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The datasets, in the order of tables.
    pub datasets: Vec<GridDataset>,
    /// The backbones, in the order of tables.
    pub backbones: Vec<GridBackbone>,
    /// The search that every cell runs.
    pub study: StudyTemplate,
    /// Named changes of the search; every pair of dataset and backbone has a cell for each. Empty: one cell, without change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<Variant>,
    /// What follows the search of a cell.
    #[serde(default, rename = "final")]
    pub finals: GridFinals,
    /// How each dataset's winner is chosen.
    #[serde(default)]
    pub selection: Selection,
    /// Names of tables of published scores that the report puts beside ours.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reference: Vec<String>,
    /// Whether every cell searches for itself.
    #[serde(default)]
    pub scope: Scope,
    /// Among entries of the queue that wait for the same devices, the highest priority goes first.
    #[serde(default)]
    pub priority: i32,
    /// What may be spent before no further trial is proposed.
    #[serde(default)]
    pub budget: Budget,
    /// Devices that all cells together hold at a time; as many as there are, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_concurrent: Option<u32>,
    /// Seed of the grid: every study and pretraining has a seed that follows from it.
    pub seed: u32,
    /// Where values come from, by the dotted key of the grid's file.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sources: BTreeMap<String, String>,
}

/// A dataset of a grid.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GridDataset {
    /// Name of a registered dataset.
    pub name: String,
    /// Why it cannot be had. Its cells are holes then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unavailable: Option<String>,
    /// What a reader of its scores must know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A backbone of a grid.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GridBackbone {
    /// Name of a registered backbone.
    pub name: String,
    /// The backbone that it stands in for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub substitute_for: Option<String>,
    /// Why it cannot be had. Its cells are holes then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unavailable: Option<String>,
    /// What a reader of its scores must know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Its parameters, where they are stated: of equal winners the smaller is selected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<u64>,
    /// The pretraining that its cells start from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pretraining: Option<GridPretraining>,
}

/// The pretraining of a backbone in a grid: two texts, or the reason why there is none.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GridPretraining {
    /// Name of the pretraining and of the backbone that it leaves; `GRID.BACKBONE.pretraining` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Text to train on: one passage a line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<ArtifactFile>,
    /// Text to measure on: one passage a line, from other documents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_out: Option<ArtifactFile>,
    /// Its parameters, by the trainer's names; those that are absent have the trainer's defaults.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, Scalar>)]
    pub parameters: ParamValues,
    /// Why it cannot be had. The cells start from the backbone as it is then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unavailable: Option<String>,
}

/// What follows the search of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GridFinals {
    /// Which model stands for the cell.
    pub model: FinalModel,
    /// Trainings of the best configuration, each with a seed of its own.
    pub seeds: u32,
    /// What they are trained on.
    pub data: FinalData,
    /// How far the finals' mean dev F1 may lie below the best trial's before this is said, in F1 from 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub margin: Option<f64>,
    /// Whose finals meet the test split.
    pub test: TestPolicy,
}

impl GridFinals {
    /// The finals of every cell's study.
    pub const fn of_a_study(&self) -> Finals {
        Finals { model: self.model, seeds: self.seeds, data: self.data, margin: self.margin }
    }
}

impl Default for GridFinals {
    fn default() -> Self {
        let Finals { model, seeds, data, margin } = Finals::default();
        Self { model, seeds, data, margin, test: TestPolicy::default() }
    }
}

/// Whose finals meet the test split, after the selection is on record.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum TestPolicy {
    /// Each dataset's winner only.
    #[default]
    Winners,
    /// Every cell.
    Cells,
}

impl TestPolicy {
    /// Every choice.
    pub const ALL: [Self; 2] = [Self::Winners, Self::Cells];

    /// The name in files and tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Winners => "winners",
            Self::Cells => "cells",
        }
    }
}

/// How each dataset's winner is chosen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Selection {
    /// What is compared between the cells of a dataset. Ties go to fewer parameters, then to the name.
    pub by: SelectionRule,
}

/// What is compared between the cells of a dataset.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum SelectionRule {
    /// Dev micro-F1 of the finals, as the mean over their seeds; the best trial's where finals have no dev.
    #[default]
    DevF1,
    /// Dev micro-F1 of the best trial.
    BestTrial,
}

impl SelectionRule {
    /// Every choice.
    pub const ALL: [Self; 2] = [Self::DevF1, Self::BestTrial];

    /// The name in files and tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DevF1 => "dev_f1",
            Self::BestTrial => "best_trial",
        }
    }
}

/// Whether every cell searches for itself.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Every cell has a search of its own.
    #[default]
    PerCell,
    /// One search for all datasets: a suggestion is trained on each, its value is the macro mean.
    Shared,
}

impl Scope {
    /// Every choice.
    pub const ALL: [Self; 2] = [Self::PerCell, Self::Shared];

    /// The name in files and tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PerCell => "per-cell",
            Self::Shared => "shared",
        }
    }
}

/// What a grid may spend. It stops proposing then; what runs comes to its end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Hours of devices, failed attempts included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpu_hours: Option<f64>,
    /// Energy of devices, failed attempts included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kwh: Option<f64>,
}
