//! The top-level keys.

use super::file::{Placed, SweepFile};
use super::node::{self, Node};
use super::problem::{Problems, Report};
use super::table::{Keys, Table};
use super::{finals, foreign, resources, study};
use crate::name;

/// The top-level keys, in the order of the README.
pub(super) const KEYS: Keys = Keys {
    known: &[
        "name",
        "description",
        "dataset",
        "backbone",
        "method",
        "metric",
        "parameters",
        "fixed",
        "trials",
        "max_concurrent",
        "priority",
        "resources",
        "early_stop",
        "pruner",
        "transfer",
        "final",
        "retries",
        "seed",
    ],
    foreign: foreign::top,
};
impl SweepFile {
    /// Reads a file's text; `file_name` is what messages call it.
    ///
    /// # Errors
    /// Every problem found, each with its place.
    pub fn parse(text: &str, file_name: &str) -> Result<Self, Problems> {
        let root = node::parse(text).map_err(|problem| Problems::new(file_name, vec![problem]))?;
        let mut report = Report::default();
        match read(file_name, &root, &mut report) {
            Some(file) if report.problems.is_empty() => Ok(Self { notes: report.notes, ..file }),
            _ => Err(Problems::new(file_name, report.problems)),
        }
    }
}

/// Reads the whole document; `None` when something was reported.
fn read(file_name: &str, root: &Node, report: &mut Report) -> Option<SweepFile> {
    let table = Table::open(root, "", &KEYS, report)?;
    let place = |name| Placed { text: String::new(), position: table.place(name) };
    let placed = |name, report: &mut Report| {
        table.text(name, report).map(|text| Placed { text: text.to_owned(), ..place(name) })
    };
    let (name, description) = (placed("name", report), placed("description", report));
    let (dataset, backbone) = (placed("dataset", report), placed("backbone", report));
    if let Some(Placed { text, position }) = &name
        && let Err(invalid) = name::check("study", text)
    {
        report.fault(*position, "name", invalid.to_string());
    }
    let study = study::read(&table, report);
    let finals = finals::read(&table, report);
    let priority = resources::priority(&table, report);
    let seed = table.count("seed", 0, u32::MAX, report).unwrap_or(42);
    Some(SweepFile {
        file_name: file_name.to_owned(),
        name,
        description,
        dataset,
        backbone,
        study: study?,
        finals: finals?,
        priority,
        seed,
        notes: Vec::new(),
    })
}
