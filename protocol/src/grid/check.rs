//! What makes no sense in a grid. Each refusal names its key; a file's reader adds the place.

use std::collections::{BTreeMap, BTreeSet};

use super::reference;
use super::spec::{GridBackbone, GridPretraining, GridSpec, Scope};
use super::variant::{LEARNING_RATE, Variant};
use crate::name;
use crate::pruner::Pruner;
use crate::queue::{LEAST_PRIORITY, MOST_PRIORITY};

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {message}")]
pub struct GridProblem {
    /// The key at fault, such as `variants[1].fixed.lora_r`; items of lists are counted from 0.
    pub key: String,
    /// What is wrong and what would be right.
    pub message: String,
}

/// The refusals so far.
#[derive(Default)]
struct Problems(Vec<GridProblem>);

impl Problems {
    fn add(&mut self, key: impl Into<String>, message: impl Into<String>) {
        self.0.push(GridProblem { key: key.into(), message: message.into() });
    }

    fn name(&mut self, noun: &'static str, key: &str, name: &str) {
        if let Err(invalid) = name::check(noun, name) {
            self.add(key, invalid.to_string());
        }
    }

    /// Refuses a reason that says nothing.
    fn reason(&mut self, key: &str, reason: Option<&String>) {
        if reason.is_some_and(|reason| reason.trim().is_empty()) {
            self.add(key, "is empty; say why it cannot be had");
        }
    }

    fn doubles<'a>(&mut self, list: &str, names: impl Iterator<Item = &'a String>) {
        let mut seen = BTreeSet::new();
        for (index, name) in names.enumerate() {
            if !seen.insert(name) {
                self.add(format!("{list}[{index}]"), format!("{name} is listed twice; remove one"));
            }
        }
    }
}

impl GridSpec {
    /// Everything that makes no sense, in the order of the keys; empty when the grid can be created.
    pub fn check(&self) -> Vec<GridProblem> {
        let mut problems = Problems::default();
        problems.name("grid", "name", &self.name);
        self.check_datasets(&mut problems);
        self.check_backbones(&mut problems);
        self.check_study(&mut problems);
        self.check_variants(&mut problems);
        if let Err((key, message)) = self.finals.of_a_study().check() {
            problems.add(format!("final.{key}"), message);
        }
        self.check_reference(&mut problems);
        self.check_scope(&mut problems);
        self.check_limits(&mut problems);
        if problems.0.is_empty() {
            self.check_cells(&mut problems);
        }
        problems.0
    }

    fn check_datasets(&self, problems: &mut Problems) {
        if self.datasets.is_empty() {
            problems.add("datasets", "is empty; name at least one dataset");
        }
        for (index, dataset) in self.datasets.iter().enumerate() {
            let key = format!("datasets[{index}]");
            problems.name("dataset", &key, &dataset.name);
            problems.reason(&format!("{key}.unavailable"), dataset.unavailable.as_ref());
        }
        problems.doubles("datasets", self.datasets.iter().map(|d| &d.name));
    }

    fn check_backbones(&self, problems: &mut Problems) {
        if self.backbones.is_empty() {
            problems.add("backbones", "is empty; name at least one backbone");
        }
        for (index, backbone) in self.backbones.iter().enumerate() {
            check_backbone(&format!("backbones[{index}]"), backbone, problems);
        }
        problems.doubles("backbones", self.backbones.iter().map(|b| &b.name));
    }

    fn check_study(&self, problems: &mut Problems) {
        let study = &self.study;
        if study.parameters.dimensions().is_empty() {
            problems.add("study.parameters", "is empty; search at least one parameter");
        }
        if let Err(error) = study.parameters.check_grids() {
            problems.add(format!("study.parameters.{}", error.dimension), error.problem);
        }
        for dimension in study.parameters.dimensions() {
            if study.fixed.contains_key(&dimension.name) {
                let key = format!("study.fixed.{}", dimension.name);
                problems.add(key, "is searched under parameters too; remove one of the two");
            }
        }
        if let Err((key, message)) = study.pruner.check() {
            problems.add(format!("study.pruner.{key}"), message);
        }
        for (key, count) in [("trials", study.trials), ("max_concurrent", study.max_concurrent)] {
            if count == 0 {
                problems.add(format!("study.{key}"), "0 is out of bounds; give at least 1");
            }
        }
    }

    fn check_variants(&self, problems: &mut Problems) {
        let pretrained = self.backbones.iter().any(|backbone| backbone.pretraining.is_some());
        for (index, variant) in self.variants.iter().enumerate() {
            let key = format!("variants[{index}]");
            problems.name("variant", &key, &variant.name);
            if variant.pretrained == Some(true) && !pretrained {
                let message = "is true, but no backbone of the grid has a pretraining";
                problems.add(format!("{key}.pretrained"), message);
            }
            self.check_variant(&key, variant, problems);
        }
        problems.doubles("variants", self.variants.iter().map(|v| &v.name));
    }

    fn check_variant(&self, key: &str, variant: &Variant, problems: &mut Problems) {
        let searched = |name: &str| self.study.parameters.dimension(name).is_some();
        if !variant.search {
            let given =
                variant.fixed.contains_key(LEARNING_RATE) || self.study.fixed.contains_key(LEARNING_RATE);
            if !given {
                let message = "gives no learning_rate, which the trainer has no default for; add it, since nothing is searched";
                problems.add(format!("{key}.fixed"), message);
            }
            if variant.trials.is_some() {
                let message = "does not go with search: false, which is one training; leave it out";
                problems.add(format!("{key}.trials"), message);
            }
            return;
        }
        for name in variant.fixed.keys().filter(|name| searched(name)) {
            let message = "is searched under study.parameters; leave it out, or write search: false for one training without search";
            problems.add(format!("{key}.fixed.{name}"), message);
        }
        if variant.trials == Some(0) {
            problems.add(format!("{key}.trials"), "0 is out of bounds; give at least 1");
        }
    }

    fn check_reference(&self, problems: &mut Problems) {
        for (index, name) in self.reference.iter().enumerate() {
            if reference::find(name).is_none() {
                let known: Vec<_> = reference::tables().iter().map(|table| table.name.as_str()).collect();
                let message =
                    format!("there is no table {name:?} of published scores; known: {}", known.join(", "));
                problems.add(format!("reference[{index}]"), message);
            }
        }
        problems.doubles("reference", self.reference.iter());
    }

    fn check_scope(&self, problems: &mut Problems) {
        if self.scope == Scope::PerCell {
            return;
        }
        if self.datasets.iter().filter(|d| d.unavailable.is_none()).count() == 1 {
            problems.add("scope", "shared needs two datasets at least; with one, write per-cell");
        }
        if self.study.pruner != Pruner::None {
            let message = "does not go with scope: shared, where a trial's value is known only when every dataset has ended; \
                           write none";
            problems.add("study.pruner", message);
        }
    }

    fn check_limits(&self, problems: &mut Problems) {
        if !(LEAST_PRIORITY..=MOST_PRIORITY).contains(&self.priority) {
            let message =
                format!("{} is out of bounds; give {LEAST_PRIORITY} to {MOST_PRIORITY}", self.priority);
            problems.add("priority", message);
        }
        if self.max_concurrent == Some(0) {
            problems.add("max_concurrent", "0 is out of bounds; give at least 1");
        }
        for (key, limit) in [("gpu_hours", self.budget.gpu_hours), ("kwh", self.budget.kwh)] {
            if let Some(limit) = limit.filter(|limit| !(limit.is_finite() && *limit > 0.0)) {
                problems.add(format!("budget.{key}"), format!("{limit} is not a number above 0"));
            }
        }
    }

    /// Something must be left to do, under names that fit and differ.
    fn check_cells(&self, problems: &mut Problems) {
        let cells: Vec<_> = self.cells().into_iter().filter(|cell| cell.hole.is_none()).collect();
        if cells.is_empty() {
            problems
                .add("datasets", "leave, with the backbones, no cell that can be had: nothing is left to do");
        }
        let studies = cells.into_iter().map(|cell| {
            let noun = format!("the study of {} and {}", cell.dataset, cell.backbone);
            (cell.study, noun)
        });
        let pretrainings = self.pretrainings().into_iter().map(|spec| {
            let noun = format!("the pretraining of {}", spec.backbone);
            (spec.name, noun)
        });
        let names: Vec<_> = studies.chain(pretrainings).collect();
        let longest = names.iter().max_by_key(|(name, _)| name.len());
        if let Some((name, noun)) = longest.filter(|(name, _)| name.len() > name::LONGEST) {
            let (length, most) = (name.len(), name::LONGEST);
            let message = format!(
                "gives {noun} the name {name}, of {length} characters; at most {most} are allowed: shorten it"
            );
            problems.add("name", message);
        }
        let mut taken = BTreeMap::from([(self.name.clone(), "the grid".to_owned())]);
        for (name, noun) in names {
            if let Some(other) = taken.get(&name) {
                problems.add("name", format!("{noun} and {other} would both be called {name}; rename one"));
            }
            taken.insert(name, noun);
        }
    }
}

fn check_backbone(key: &str, backbone: &GridBackbone, problems: &mut Problems) {
    problems.name("backbone", key, &backbone.name);
    problems.reason(&format!("{key}.unavailable"), backbone.unavailable.as_ref());
    if backbone.substitute_for.as_ref() == Some(&backbone.name) {
        problems.add(
            format!("{key}.substitute_for"),
            "is the backbone itself; name the one that it stands in for",
        );
    }
    if let Some(pretraining) = &backbone.pretraining {
        check_pretraining(&format!("{key}.pretraining"), pretraining, problems);
    }
}

fn check_pretraining(key: &str, pretraining: &GridPretraining, problems: &mut Problems) {
    if let Some(name) = &pretraining.name {
        problems.name("pretraining", &format!("{key}.name"), name);
    }
    problems.reason(&format!("{key}.unavailable"), pretraining.unavailable.as_ref());
    let texts = [("text", &pretraining.text), ("held_out", &pretraining.held_out)];
    for (name, text) in texts {
        match (text, &pretraining.unavailable) {
            (Some(_), Some(_)) => {
                problems.add(format!("{key}.{name}"), "does not go with unavailable; remove one of the two");
            }
            (None, None) => {
                let message = format!(
                    "has no {name}; name a file of one passage a line, or say why there is none: unavailable"
                );
                problems.add(key, message);
            }
            _ => {}
        }
    }
    if let (Some(text), Some(held_out)) = (&pretraining.text, &pretraining.held_out)
        && text.sha256 == held_out.sha256
    {
        problems
            .add(format!("{key}.held_out"), "is the text that is trained on; take it from other documents");
    }
}
