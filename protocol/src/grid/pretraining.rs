//! The pretrainings that a grid's cells start from.

use super::seed::seed_of;
use super::spec::{GridBackbone, GridSpec};
use super::variant::Variant;
use crate::dapt::DaptSpec;

impl GridSpec {
    /// The pretrainings that at least one cell waits for, in the order of the backbones.
    pub fn pretrainings(&self) -> Vec<DaptSpec> {
        let cells = self.cells();
        let is_needed = |name: &str| {
            cells.iter().any(|cell| cell.hole.is_none() && cell.pretraining.as_deref() == Some(name))
        };
        let specs = self.backbones.iter().filter_map(|backbone| self.dapt_spec(backbone));
        specs.filter(|spec| is_needed(&spec.name)).collect()
    }

    /// Name of the pretraining that a backbone's cells of a variant start from.
    pub(super) fn pretraining_of(&self, backbone: &GridBackbone, variant: &Variant) -> Option<String> {
        let pretraining = backbone.pretraining.as_ref().filter(|p| p.unavailable.is_none())?;
        if variant.pretrained == Some(false) {
            return None;
        }
        let usual = || format!("{}.{}.pretraining", self.name, backbone.name);
        Some(pretraining.name.clone().unwrap_or_else(usual))
    }

    fn dapt_spec(&self, backbone: &GridBackbone) -> Option<DaptSpec> {
        let name = self.pretraining_of(backbone, &Variant::named(""))?;
        let pretraining = backbone.pretraining.as_ref()?;
        Some(DaptSpec {
            name: name.clone(),
            backbone: backbone.name.clone(),
            passages: pretraining.text.clone()?,
            held_out: pretraining.held_out.clone()?,
            params: pretraining.parameters.clone(),
            leaves: Some(name),
            seed: seed_of(self.seed, &[&backbone.name]),
            retries: self.study.retries,
            lost_retries: self.study.lost_retries,
            priority: self.priority,
            resources: self.study.resources.clone(),
        })
    }
}
