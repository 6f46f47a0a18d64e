//! The `resources` and `priority` keys: what runs need, and how urgent they are.

use super::foreign;
use super::problem::Report;
use super::table::{Keys, Table};
use crate::queue::{LEAST_PRIORITY, MOST_PRIORITY};
use crate::resources::{Resources, parse_duration};

const KEYS: Keys = Keys { known: &["gpu_model", "min_memory_gib", "walltime"], foreign: foreign::resources };
const MOST_GIB: u32 = 100_000;

/// Reads what the document asks of devices; `None` when something was reported.
pub(super) fn read(document: &Table<'_>, report: &mut Report) -> Option<Resources> {
    let Some(node) = document.get("resources") else { return Some(Resources::default()) };
    let table = Table::open(node, &document.key("resources"), &KEYS, report)?;
    let walltime_s = table.text("walltime", report).and_then(|text| match parse_duration(text) {
        Ok(seconds) => Some(seconds),
        Err(sentence) => {
            report.fault(table.place("walltime"), table.key("walltime"), sentence);
            None
        }
    });
    Some(Resources {
        gpu_model: table.text("gpu_model", report).map(str::to_owned),
        min_memory_gib: table.count("min_memory_gib", 1, MOST_GIB, report),
        walltime_s,
    })
}

/// Reads the priority; 0 where the document gives none.
pub(super) fn priority(document: &Table<'_>, report: &mut Report) -> i32 {
    let Some(given) = document.whole("priority", report) else { return 0 };
    match i32::try_from(given).ok().filter(|value| (LEAST_PRIORITY..=MOST_PRIORITY).contains(value)) {
        Some(priority) => priority,
        None => {
            let message = format!("{given} is out of bounds; give {LEAST_PRIORITY} to {MOST_PRIORITY}");
            report.fault(document.place("priority"), document.key("priority"), message);
            0
        }
    }
}
