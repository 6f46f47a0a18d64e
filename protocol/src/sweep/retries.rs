//! The `retries` key: a number, or a number for each budget.

use super::foreign;
use super::node::Value;
use super::problem::Report;
use super::table::{Keys, Table};
use crate::queue::LOST_RETRIES;

/// The keys of the mapping.
const KEYS: Keys = Keys { known: &["run", "lost", "study"], foreign: foreign::none };
const MOST_OF_A_RUN: u32 = 1_000;
const MOST_OF_A_STUDY: u32 = 1_000_000;

/// How often runs are tried again; see the fields of the same meaning in `StudySpec`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Retries {
    pub(super) run: u32,
    pub(super) lost: u32,
    pub(super) study: Option<u32>,
}

impl Default for Retries {
    fn default() -> Self {
        Self { run: 2, lost: LOST_RETRIES, study: None }
    }
}

/// Reads the budgets out of the document; `None` when something was reported.
pub(super) fn read(document: &Table<'_>, report: &mut Report) -> Option<Retries> {
    let usual = Retries::default();
    let Some(node) = document.get("retries") else { return Some(usual) };
    if !matches!(node.value, Value::Table(_)) {
        let run = document.count("retries", 0, MOST_OF_A_RUN, report)?;
        return Some(Retries { run, ..usual });
    }
    let table = Table::open(node, &document.key("retries"), &KEYS, report)?;
    Some(Retries {
        run: table.count("run", 0, MOST_OF_A_RUN, report).unwrap_or(usual.run),
        lost: table.count("lost", 0, MOST_OF_A_RUN, report).unwrap_or(usual.lost),
        study: table.count("study", 0, MOST_OF_A_STUDY, report),
    })
}
