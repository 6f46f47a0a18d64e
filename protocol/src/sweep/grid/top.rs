//! The top-level keys of a grid's file.

use super::super::file::stem;
use super::super::node::{self, Node};
use super::super::problem::{Problems, Report};
use super::super::study::{self, MOST_CONCURRENT};
use super::super::table::{Keys, Table};
use super::super::{finals, foreign, resources};
use super::file::GridFile;
use super::places::Places;
use super::{lists, sources};
use crate::grid::{Budget, GridFinals, GridSpec, Scope, Selection, SelectionRule, StudyTemplate, TestPolicy};

/// The top-level keys, in the order of the README.
pub(super) const KEYS: Keys = Keys {
    known: &[
        "name",
        "description",
        "datasets",
        "backbones",
        "study",
        "variants",
        "final",
        "selection",
        "reference",
        "scope",
        "priority",
        "budget",
        "max_concurrent",
        "seed",
    ],
    foreign: foreign::grid,
};
/// The keys under `study`.
pub(super) const STUDY: Keys = Keys {
    known: &[
        "method",
        "metric",
        "parameters",
        "fixed",
        "trials",
        "max_concurrent",
        "resources",
        "early_stop",
        "pruner",
        "transfer",
        "retries",
    ],
    foreign: foreign::grid_study,
};
const FINAL: Keys =
    Keys { known: &["model", "seeds", "data", "margin", "test"], foreign: foreign::grid_finals };
const SELECTION: Keys = Keys { known: &["by"], foreign: foreign::none };
const BUDGET: Keys = Keys { known: &["gpu_hours", "kwh"], foreign: foreign::none };

impl GridFile {
    /// Reads a file's text; `file_name` is what messages call it.
    ///
    /// # Errors
    /// Every problem found, each with its place.
    pub fn parse(text: &str, file_name: &str) -> Result<Self, Problems> {
        let mut root = node::parse(text).map_err(|problem| Problems::new(file_name, vec![problem]))?;
        let mut report = Report::default();
        let sources = sources::take(&mut root, &mut report);
        match read(file_name, &root, &mut report) {
            Some(mut file) if report.problems.is_empty() => {
                file.draft.sources = sources;
                Ok(Self { notes: report.notes, ..file })
            }
            _ => Err(Problems::new(file_name, report.problems)),
        }
    }
}

/// Reads the whole document; `None` when something was reported.
fn read(file_name: &str, root: &Node, report: &mut Report) -> Option<GridFile> {
    let table = Table::open(root, "", &KEYS, report)?;
    for (key, right) in [
        ("datasets", "list the names of registered datasets"),
        ("backbones", "list the names of registered backbones"),
        ("study", "say how a cell searches, with the keys of a search-space file"),
    ] {
        table.require(key, right, report);
    }
    let name = table.text("name", report).map_or_else(|| stem(file_name), str::to_owned);
    let study = study(&table, report);
    let variants = lists::variants(&table, study.as_ref(), report);
    let (backbones, pretrainings) = lists::backbones(&table, report);
    let draft = GridSpec {
        name,
        description: table.text("description", report).map(str::to_owned),
        datasets: lists::datasets(&table, report),
        backbones,
        variants,
        finals: finals(&table, report),
        selection: selection(&table, report),
        reference: lists::names(&table, "reference", report),
        scope: finals::word(&table, "scope", Scope::ALL, Scope::as_str, report).unwrap_or_default(),
        priority: resources::priority(&table, report),
        budget: budget(&table, report),
        max_concurrent: table.count("max_concurrent", 1, MOST_CONCURRENT, report),
        seed: table.count("seed", 0, u32::MAX, report).unwrap_or(42),
        sources: std::collections::BTreeMap::new(),
        study: study?,
    };
    let file_name = file_name.to_owned();
    Some(GridFile { file_name, draft, pretrainings, places: Places::of(root), notes: Vec::new() })
}

fn study(document: &Table<'_>, report: &mut Report) -> Option<StudyTemplate> {
    let node = document.get("study")?;
    study::read(&Table::open(node, "study", &STUDY, report)?, report)
}

fn finals(document: &Table<'_>, report: &mut Report) -> GridFinals {
    let usual = GridFinals::default();
    let Some(node) = document.get("final") else { return usual };
    let Some(table) = Table::open(node, "final", &FINAL, report) else { return usual };
    let test = finals::word(&table, "test", TestPolicy::ALL, TestPolicy::as_str, report);
    finals::fields(&table, report).map_or(usual, |finals| GridFinals {
        model: finals.model,
        seeds: finals.seeds,
        data: finals.data,
        margin: finals.margin,
        test: test.unwrap_or_default(),
    })
}

fn selection(document: &Table<'_>, report: &mut Report) -> Selection {
    let rules = (SelectionRule::ALL, SelectionRule::as_str as fn(_) -> _);
    let by = lists::choice(document, ("selection", "by"), &SELECTION, rules, report);
    Selection { by: by.unwrap_or_default() }
}

fn budget(document: &Table<'_>, report: &mut Report) -> Budget {
    let Some(node) = document.get("budget") else { return Budget::default() };
    let Some(table) = Table::open(node, "budget", &BUDGET, report) else { return Budget::default() };
    Budget { gpu_hours: table.number("gpu_hours", report), kwh: table.number("kwh", report) }
}
