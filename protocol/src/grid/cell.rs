//! The cells of a grid: which studies it consists of, and which of them cannot be had.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::seed::seed_of;
use super::spec::{GridBackbone, GridDataset, GridSpec};
use super::variant::{MAIN, Variant};
use crate::study::StudySpec;

/// One cell of a grid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GridCell {
    /// The dataset.
    pub dataset: String,
    /// The backbone, as the grid names it.
    pub backbone: String,
    /// The variant; [`MAIN`] where the grid has none.
    pub variant: String,
    /// Name of its study.
    pub study: String,
    /// The pretraining that must complete before its study can train; it leaves the study's backbone under the same name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pretraining: Option<String>,
    /// Why the cell cannot be had. It has no study then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hole: Option<String>,
}

impl GridCell {
    /// Name of the backbone that its study trains on.
    pub fn trains_on(&self) -> &str {
        self.pretraining.as_ref().unwrap_or(&self.backbone)
    }
}

/// Something that a grid names and that cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Hole {
    /// What is missing, such as `dataset fsu`.
    pub what: String,
    /// Why.
    pub reason: String,
}

impl GridSpec {
    /// The variants; one without change where the grid names none.
    pub fn variants(&self) -> Vec<Variant> {
        if self.variants.is_empty() { vec![Variant::named(MAIN)] } else { self.variants.clone() }
    }

    /// Every cell: by dataset, then by backbone, then by variant, in the order of the grid.
    pub fn cells(&self) -> Vec<GridCell> {
        let variants = self.variants();
        let pairs = self.datasets.iter().flat_map(|d| self.backbones.iter().map(move |b| (d, b)));
        pairs.flat_map(|(d, b)| variants.iter().map(move |v| self.cell(d, b, v))).collect()
    }

    fn cell(&self, dataset: &GridDataset, backbone: &GridBackbone, variant: &Variant) -> GridCell {
        let mut study = format!("{}.{}.{}", self.name, dataset.name, backbone.name);
        if !self.variants.is_empty() {
            study = format!("{study}.{}", variant.name);
        }
        GridCell {
            dataset: dataset.name.clone(),
            backbone: backbone.name.clone(),
            variant: variant.name.clone(),
            study,
            pretraining: self.pretraining_of(backbone, variant),
            hole: hole(dataset, backbone, variant),
        }
    }

    /// What the grid names and cannot have: datasets, backbones and pretrainings.
    pub fn holes(&self) -> Vec<Hole> {
        let hole = |what: &str, name: &str, reason: &Option<String>| {
            reason.as_ref().map(|reason| Hole { what: format!("{what} {name}"), reason: reason.clone() })
        };
        let datasets = self.datasets.iter().filter_map(|d| hole("dataset", &d.name, &d.unavailable));
        let backbones = self.backbones.iter().filter_map(|b| hole("backbone", &b.name, &b.unavailable));
        let pretrainings = self
            .backbones
            .iter()
            .filter_map(|b| hole("pretraining of", &b.name, &b.pretraining.as_ref()?.unavailable));
        datasets.chain(backbones).chain(pretrainings).collect()
    }

    /// The study of a cell. Its backbone is the one that the cell's pretraining leaves, where there is one.
    pub fn study_spec(&self, cell: &GridCell) -> StudySpec {
        let variants = self.variants();
        let variant = variants.iter().find(|v| v.name == cell.variant);
        let study = variant.map_or_else(|| self.study.clone(), |variant| variant.applied(&self.study));
        StudySpec {
            name: cell.study.clone(),
            dataset: cell.dataset.clone(),
            backbone: cell.trains_on().to_owned(),
            method: study.method,
            metric: study.metric,
            parameters: study.parameters,
            fixed: study.fixed,
            pruner: study.pruner,
            transfer: study.transfer,
            finals: self.finals.of_a_study(),
            trials: study.trials,
            max_concurrent: study.max_concurrent,
            priority: self.priority,
            resources: study.resources,
            retries: study.retries,
            lost_retries: study.lost_retries,
            study_retries: study.study_retries,
            seed: seed_of(self.seed, &[&cell.dataset, &cell.backbone, &cell.variant]),
        }
    }
}

/// Why a cell cannot be had.
fn hole(dataset: &GridDataset, backbone: &GridBackbone, variant: &Variant) -> Option<String> {
    let absent = |what: &str, name: &str, reason: &Option<String>| {
        reason.as_ref().map(|reason| format!("{what} {name}: {reason}"))
    };
    absent("dataset", &dataset.name, &dataset.unavailable)
        .or_else(|| absent("backbone", &backbone.name, &backbone.unavailable))
        .or_else(|| match (variant.pretrained, &backbone.pretraining) {
            (Some(true), None) => Some(format!("backbone {} has no pretraining in this grid", backbone.name)),
            (Some(true), Some(p)) => absent("pretraining of", &backbone.name, &p.unavailable),
            _ => None,
        })
}
